/*
 * Memory that is shared, and is no file's. ULK3 section 16.2 (of IPC, 19.3.5).
 *
 * 1. MAP_SHARED | MAP_ANONYMOUS gives an area something to show that has pages
 *    by offset as a file has: so fork, mremap and reverse mapping are those of
 *    files (filemap.c, rmap_file.c).
 *
 * 2. "Reading" a page is zeroing it, or reading it from swap (shmem_swap.c).
 *    Once it was written it stays dirty, as there is no writepage: it is
 *    nowhere but here, until it goes to swap. What was only read is clean, and
 *    may be dropped: it would come back as it was.
 *
 * 3. Promises. What is written is shared by all areas, so the memory is
 *    promised once, as a whole, when it is made; its areas have no VM_ACCOUNT.
 *    It does not grow: an area that mremap() makes longer shows no more, and
 *    faults beyond.
 *
 * 4. Life: one user an area, and who has it otherwise. With the last one its
 *    pages go.
 *
 * Locks: those of the page cache.
 */
#include <kernel/lib/bug.h>
#include <mm/object/kmalloc.h>
#include <mm/space/filemap.h>
#include <mm/space/internal.h>

static const struct address_space_operations shared_a_ops = {
	.readpage = shared_readpage, .swap_out = shared_swap_out,
};

static u32 pages_of(u64 size)
{
	return (u32)((size + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

struct shared_memory *shared_memory_alloc(u64 size)
{
	struct shared_memory *shared;

	if (size > (u64)RLIM_INFINITY << PAGE_SHIFT ||
	    vm_enough_memory(current->mm, pages_of(size)))
		return NULL;
	shared = kzalloc(sizeof(*shared), GFP_KERNEL);
	if (!shared) {
		vm_unacct_memory(pages_of(size));
		return NULL;
	}
	address_space_init(&shared->mapping, shared, &shared_a_ops,
			   GFP_HIGHUSER);
	shared->size = size;
	atomic_set(&shared->users, 1);
	if (shared_slots_init(shared))
		return shared;
	vm_unacct_memory(pages_of(size));
	kfree(shared);
	return NULL;
}

void shared_memory_put(struct shared_memory *shared)
{
	if (!atomic_dec_and_test(&shared->users))
		return;
	might_sleep();
	truncate_inode_pages(&shared->mapping, 0);
	BUG_ON(!list_empty(&shared->mapping.i_mmap),
	       "shared memory goes that an area shows");
	shared_slots_free(shared);
	vm_unacct_memory(pages_of(shared->size));
	kfree(shared);
}

/* --- areas --- */

static struct shared_memory *shared_of(const struct vm_area_struct *vma)
{
	return vma->vm_mapping->host;
}

static void open_area(struct vm_area_struct *vma)
{
	atomic_inc(&shared_of(vma)->users);
}

static void close_area(struct vm_area_struct *vma)
{
	shared_memory_put(shared_of(vma));
}

static u64 size_of(const struct vm_area_struct *vma)
{
	return shared_of(vma)->size;
}

static const struct vm_operations_struct shared_vm_ops = {
	.open = open_area, .close = close_area, .nopage = filemap_nopage,
	.dirtied = filemap_dirtied, .size = size_of,
};

int map_shared_memory(struct vm_area_struct *vma)
{
	struct shared_memory *shared;

	shared = shared_memory_alloc(vma->vm_end - vma->vm_start);
	if (!shared)
		return -ENOMEM;
	vma->vm_pgoff = 0;
	map_file(vma, &shared->mapping, &shared_vm_ops);
	/* the area's is the only user */
	shared_memory_put(shared);
	return 0;
}
