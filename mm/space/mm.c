/*
 * Address spaces: made, in use, given back.
 *
 * 1. A space begins with a root that has the kernel's entries (two levels: a
 *    page; PAE: 32 bytes) and no areas. mm_users says who has it; the last one
 *    unmaps everything.
 *
 * 2. Which space the CPU has. A thread with user addresses has them in
 *    task->mm. A thread of the kernel has none, and runs on those of whoever
 *    was there before: no CR3 load, and no TLB that is cold when he comes back.
 *    So a CPU may have a space (active_mms) that no running thread has. A space
 *    that goes is left first: the CPU takes the kernel's own root.
 *
 *	task->mm	active_mms	CR3
 *	-		-		swapper_pg_dir
 *	a		a		a
 *	-		a		a, as a thread of the kernel runs
 *
 * 3. fork copies areas one by one, lowest first. A copy gets its entries before
 *    it joins its anon_vma (rmap.c). The child is on the list of all spaces
 *    meanwhile, as its entries count (swap_check.c), and its mmap_sem is held:
 *    who looks at all spaces (swapoff, checks) waits until its areas are whole.
 *    When there is no memory the child goes as
 *    any space goes, with what it has so far.
 *
 * Locks: mmlist_lock for the list of all spaces.
 */
#include <kernel/cpu/processor.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>
#include <mm/cache/pagemap.h>
#include <mm/object/kmalloc.h>
#include <mm/object/slab.h>
#include <mm/space/internal.h>

static struct kmem_cache *mm_cache, *root_cache;
static LIST_HEAD(mmlist);
static spinlock_t mmlist_lock = SPIN_LOCK_UNLOCKED("mmlist_lock");

/* --- what the CPU has --- */

/* Interrupts off. mm: NULL, the kernel's. */
static void load_space(struct mm_struct *mm)
{
	const struct pgtable *pt = mm ? &mm->pgd : &kernel_pgtable;

	active_mms[smp_processor_id()] = mm;
	write_cr3(__pa(pt->root));
}

void use_mm(struct mm_struct *mm)
{
	u32 flags;

	mmget(mm);
	if (current->mm)
		unuse_mm();
	flags = local_irq_save();
	current->mm = mm;
	if (active_mms[smp_processor_id()] != mm)
		load_space(mm);
	local_irq_restore(flags);
}

void unuse_mm(void)
{
	struct mm_struct *mm = current->mm;

	BUG_ON(!mm, "unuse_mm() by a thread of the kernel");
	current->mm = NULL;
	mmput(mm);
}

/* Nobody runs with it any more. */
static void leave_space(const struct mm_struct *mm)
{
	u32 flags = local_irq_save();

	if (active_mms[smp_processor_id()] == mm)
		load_space(NULL);
	local_irq_restore(flags);
}

/* --- life --- */

static void list_mm(struct mm_struct *mm)
{
	u32 flags = spin_lock_irqsave(&mmlist_lock);

	list_add_tail(&mm->mmlist, &mmlist);
	spin_unlock_irqrestore(&mmlist_lock, flags);
}

static void unlist_mm(struct mm_struct *mm)
{
	u32 flags = spin_lock_irqsave(&mmlist_lock);

	list_del(&mm->mmlist);
	spin_unlock_irqrestore(&mmlist_lock, flags);
}

/* On no list yet. */
static struct mm_struct *make_mm(void)
{
	struct mm_struct *mm = kmem_cache_zalloc(mm_cache, GFP_KERNEL);

	if (!mm)
		return NULL;
	mm->pgd.name = "an address space";
	mm->pgd.levels = kernel_pgtable.levels;
	mm->pgd.root = kmem_cache_alloc(root_cache, GFP_KERNEL);
	if (!mm->pgd.root) {
		kmem_cache_free(mm_cache, mm);
		return NULL;
	}
	mm_init_areas(mm);
	mm->pgd_copy.pt = &mm->pgd;
	pt_copy_add(&mm->pgd_copy);
	return mm;
}

struct mm_struct *mm_alloc(void)
{
	struct mm_struct *mm = make_mm();

	if (mm)
		list_mm(mm);
	return mm;
}

void mmput(struct mm_struct *mm)
{
	if (!mm || !atomic_dec_and_test(&mm->mm_users))
		return;
	might_sleep();
	unlist_mm(mm);
	exit_mmap(mm);
	leave_space(mm);
	pt_copy_remove(&mm->pgd_copy);
	BUG_ON(mm->nr_tables || mm->anon_rss || mm->file_rss ||
	       mm->swap_entries, "an address space goes that still has pages");
	kmem_cache_free(root_cache, mm->pgd.root);
	kmem_cache_free(mm_cache, mm);
}

struct mm_struct *next_mm(struct mm_struct *mm)
{
	u32 flags = spin_lock_irqsave(&mmlist_lock);
	struct list_head *at = mm ? mm->mmlist.next : mmlist.next;
	struct mm_struct *next = NULL;

	/* the last user of one takes it off the list later than it is gone */
	for (; at != &mmlist && !next; at = at->next) {
		next = list_entry(at, struct mm_struct, mmlist);
		if (!atomic_inc_not_zero(&next->mm_users))
			next = NULL;
	}
	spin_unlock_irqrestore(&mmlist_lock, flags);
	mmput(mm);
	return next;
}

/*
 * task->mm has no lock. While a space is on the list it does not go, as that
 * takes mmlist_lock; and as long as a thread has it in task->mm it has a user.
 * So: it is on the list, the thread still has it, then it gets a user more, or
 * is only looked at. The lock is held.
 */
static struct mm_struct *find_task_mm(const struct task *task)
{
	struct mm_struct *wanted = task->mm, *mm;

	if (!wanted)
		return NULL;
	list_for_each_entry(mm, &mmlist, mmlist)
		if (mm == wanted)
			return *(struct mm_struct *const volatile *)
			       &task->mm == mm ? mm : NULL;
	return NULL;
}

struct mm_struct *get_task_mm(const struct task *task)
{
	u32 flags = spin_lock_irqsave(&mmlist_lock);
	struct mm_struct *mm = find_task_mm(task);

	if (mm && !atomic_inc_not_zero(&mm->mm_users))
		mm = NULL;
	spin_unlock_irqrestore(&mmlist_lock, flags);
	return mm;
}

bool task_mm_size(const struct task *task, struct mm_size *size)
{
	u32 flags = spin_lock_irqsave(&mmlist_lock);
	const struct mm_struct *mm = find_task_mm(task);

	if (mm)
		*size = (struct mm_size){
			.mm = mm, .total_vm = mm->total_vm,
			.rss = mm->anon_rss + mm->file_rss,
		};
	spin_unlock_irqrestore(&mmlist_lock, flags);
	return mm;
}

/* --- fork --- */

static int copy_area(struct mm_struct *child, struct vm_area_struct *vma)
{
	struct vm_area_struct *copy = copy_vma(vma);
	int err;

	if (!copy)
		return -ENOMEM;
	copy->vm_mm = child;
	copy->vm_flags &= ~VM_LOCKED;
	if (copy->vm_flags & VM_ACCOUNT &&
	    vm_enough_memory(child, vma_pages(copy))) {
		free_vma(copy);
		return -ENOMEM;
	}
	if (copy->vm_ops && copy->vm_ops->open)
		copy->vm_ops->open(copy);
	link_vma(child, copy, child->highest);
	count_vm(child, copy->vm_flags, copy->vm_ops, (s32)vma_pages(copy));
	err = copy_page_tables(copy, vma);
	anon_vma_link(copy);
	return err;
}

static void copy_numbers(struct mm_struct *child, const struct mm_struct *mm)
{
	child->limit = mm->limit;
	child->start_code = mm->start_code;
	child->end_code = mm->end_code;
	child->start_data = mm->start_data;
	child->end_data = mm->end_data;
	child->start_brk = mm->start_brk;
	child->brk = mm->brk;
	child->start_stack = mm->start_stack;
	child->arg_start = mm->arg_start;
	child->arg_end = mm->arg_end;
	child->env_start = mm->env_start;
	child->env_end = mm->env_end;
}

struct mm_struct *dup_mm(struct mm_struct *parent)
{
	struct mm_struct *child = make_mm();
	struct vm_area_struct *vma;
	int err = 0;

	if (!child)
		return NULL;
	down_write(&parent->mmap_sem);
	/* see 3; tried, as no order is said of two */
	BUG_ON(!down_write_trylock(&child->mmap_sem),
	       "somebody has a space that was made just now");
	list_mm(child);
	copy_numbers(child, parent);
	for (vma = parent->mmap; vma && !err; vma = vma->vm_next)
		if (!(vma->vm_flags & VM_DONTCOPY))
			err = copy_area(child, vma);
	/* entries of the parent have lost their right to write */
	flush_mm(parent);
	up_write(&child->mmap_sem);
	up_write(&parent->mmap_sem);
	if (!err)
		return child;
	mmput(child);
	return NULL;
}

/* Roots come back as they were made: without entries of user addresses. */
static void clear_root(void *root)
{
	memset(root, 0, pt_root_bytes());
}

void mm_space_init(void)
{
	u32 root = pt_root_bytes();

	vma_init();
	rmap_init();
	rmap_file_init();
	tables_init();
	mm_cache = kmem_cache_create("mm_struct", sizeof(struct mm_struct), 0,
				     SLAB_PANIC, NULL);
	root_cache = kmem_cache_create("pgd", root, root, SLAB_PANIC,
				       clear_root);
	overcommit.cache_pages = page_cache_pages;
	switch_mm_hook = load_space;
	fault_init();
}
