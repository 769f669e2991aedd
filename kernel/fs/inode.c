/*
 * Inodes: what a file is, apart from its name.
 *
 * 1. i_count counts who may still ask for it: its name, files that have it
 *    open, calls under way. An area that shows it has a file. The last one
 *    gives its pages back: so a file without a name lives as long as it is open
 *    or mapped.
 *
 * 2. All inodes are on one list, for those who look at the pages of all. One
 *    whose count has come to 0 stays there for a moment: who finds it there
 *    must not take it up again (atomic_inc_not_zero).
 *
 * 3. The size is 64 bits, and two instructions: inode_lock makes it one value.
 */
#include <kernel/cpu/time.h>
#include <kernel/fs/internal.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/math64.h>
#include <mm/object/kmalloc.h>
#include <mm/object/slab.h>

static struct kmem_cache *inode_cache;
static spinlock_t inode_lock = SPIN_LOCK_UNLOCKED("inode_lock");
static LIST_HEAD(all_inodes);
static u32 last_ino = 1;		/* 2 is the root, as everywhere */

static void __init inode_init(void)
{
	inode_cache = kmem_cache_create("inode_cache", sizeof(struct inode), 0,
					SLAB_PANIC, NULL);
}

struct inode *inode_alloc(u32 mode, const struct file_operations *fop,
			  const struct address_space_operations *a_ops)
{
	struct inode *inode = kmem_cache_zalloc(inode_cache, GFP_KERNEL);
	u32 flags;

	if (!inode)
		return NULL;
	inode->i_mode = mode;
	inode->i_fop = fop;
	atomic_set(&inode->i_count, 1);
	mutex_init(&inode->i_mutex, "inode.i_mutex");
	address_space_init(&inode->i_data, inode, a_ops, GFP_HIGHUSER);
	INIT_LIST_HEAD(&inode->i_sibling);
	INIT_LIST_HEAD(&inode->i_children);
	inode_changed(inode);
	flags = spin_lock_irqsave(&inode_lock);
	inode->i_ino = ++last_ino;
	list_add_tail(&inode->i_all, &all_inodes);
	spin_unlock_irqrestore(&inode_lock, flags);
	return inode;
}

void iget(struct inode *inode)
{
	atomic_inc(&inode->i_count);
}

void iput(struct inode *inode)
{
	u32 flags;

	if (!atomic_dec_and_test(&inode->i_count))
		return;
	BUG_ON(inode->i_nlink, "a file goes that still has a name");
	flags = spin_lock_irqsave(&inode_lock);
	list_del(&inode->i_all);
	spin_unlock_irqrestore(&inode_lock, flags);
	truncate_inode_pages(&inode->i_data, 0);
	kfree(inode->i_name);
	kmem_cache_free(inode_cache, inode);
}

u64 i_size_read(const struct inode *inode)
{
	u32 flags = spin_lock_irqsave(&inode_lock);
	u64 size = inode->i_size;

	spin_unlock_irqrestore(&inode_lock, flags);
	return size;
}

void i_size_write(struct inode *inode, u64 size)
{
	u32 flags = spin_lock_irqsave(&inode_lock);

	inode->i_size = size;
	spin_unlock_irqrestore(&inode_lock, flags);
}

void inode_changed(struct inode *inode)
{
	inode->i_mtime = (u32)div_u64(clock_ns(), NS_IN_SECOND);
}

/* The one behind prev, with a user more; prev's goes. */
static struct inode *next_inode(struct inode *prev)
{
	u32 flags = spin_lock_irqsave(&inode_lock);
	struct list_head *at = prev ? prev->i_all.next : all_inodes.next;
	struct inode *inode = NULL;

	for (; at != &all_inodes; at = at->next) {
		inode = list_entry(at, struct inode, i_all);
		if (atomic_inc_not_zero(&inode->i_count))
			break;
		inode = NULL;
	}
	spin_unlock_irqrestore(&inode_lock, flags);
	if (prev)
		iput(prev);
	return inode;
}

u32 drop_page_caches(void)
{
	struct inode *inode;
	u32 n = 0;

	for (inode = next_inode(NULL); inode; inode = next_inode(inode))
		n += invalidate_inode_pages(&inode->i_data);
	return n;
}

void __init fs_init(void)
{
	inode_init();
	file_init();
	ramfs_init();
	devices_init();
	block_files_init();
	procfs_init();
	swap_files_init();
}
