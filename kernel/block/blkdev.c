/*
 * The devices there are.
 *
 * 1. A list in the order of add_disk(), guarded by disks_lock; drivers are few
 *    and come at boot, so that it is short and seldom changes. What it hands
 *    out has no users counted: a device stays until its driver calls
 *    del_disk(), and a driver does that only when nobody can want it.
 *
 * 2. Limits are looked at once, here, so that the rest can rely on them: whole
 *    sectors everywhere, and at least one sector and one segment.
 *
 * 3. Files of a disk that may write, and a swap area on it, exclude each other:
 *    each claims the disk. Who reads claims nothing.
 */
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/block/drivers.h>
#include <kernel/block/page_io.h>
#include <kernel/block/queue.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>

#define MAX_SECTORS_MOST 65536U	/* 32 MB: so that bytes fit into 32 bits */

static LIST_HEAD(disks);
static spinlock_t disks_lock = SPIN_LOCK_UNLOCKED("disks_lock");

/* The sentence that says what is wrong with them, or NULL. */
static const char *wrong_limits(const struct queue_limits *limits)
{
	phys_addr_t mask = limits->seg_boundary_mask;

	if (!limits->max_sectors || limits->max_sectors > MAX_SECTORS_MOST)
		return "max_sectors is not 1 to 65536";
	if (!limits->max_segments || limits->max_segments > BLK_SEGMENTS)
		return "max_segments is not 1 to 128";
	if (!limits->max_segment_size ||
	    limits->max_segment_size % SECTOR_SIZE)
		return "max_segment_size is no multiple of a sector";
	if (mask & (mask + 1) || mask < SECTOR_SIZE - 1)
		return "seg_boundary_mask is not 2^n - 1, a sector or more";
	if (limits->dma_mask < PAGE_SIZE - 1)
		return "dma_mask reaches no page";
	return NULL;
}

static const char *wrong_device(const struct block_device *bdev)
{
	if (!bdev->name[0] || bdev->name[sizeof(bdev->name) - 1])
		return "it has no name, or a name without an end";
	if (!bdev->capacity)
		return "it has no sectors";
	if (!bdev->timeout)
		return "it has no time limit";
	return wrong_limits(&bdev->limits);
}

static struct block_device *find_locked(const char *name)
{
	struct block_device *bdev;

	list_for_each_entry(bdev, &disks, list)
		if (!strcmp(bdev->name, name))
			return bdev;
	return NULL;
}

int add_disk(struct block_device *bdev)
{
	const char *wrong = wrong_device(bdev);
	u32 flags;
	bool taken;

	if (wrong) {
		pr_warn("block: disk %.7s is refused: %s\n", bdev->name, wrong);
		return -EINVAL;
	}
	bdev->gone = bdev->owned = false;
	bdev->writers = 0;
	memset(&bdev->stat, 0, sizeof(bdev->stat));
	bdev->queue = blk_create_queue(bdev);
	if (!bdev->queue)
		return -ENOMEM;
	flags = spin_lock_irqsave(&disks_lock);
	taken = find_locked(bdev->name) != NULL;
	if (!taken)
		list_add_tail(&bdev->list, &disks);
	spin_unlock_irqrestore(&disks_lock, flags);
	if (!taken)
		return 0;
	blk_destroy_queue(bdev->queue);
	bdev->queue = NULL;
	return -EEXIST;
}

void del_disk(struct block_device *bdev)
{
	struct request_queue *q = bdev->queue;
	u32 flags;

	might_sleep();
	flags = spin_lock_irqsave(&disks_lock);
	list_del(&bdev->list);
	spin_unlock_irqrestore(&disks_lock, flags);
	flags = blk_lock(q);
	blk_gone_locked(q);
	blk_unlock(q, flags);
	blk_destroy_queue(q);
	bdev->queue = NULL;
}

struct block_device *find_disk(const char *name)
{
	u32 flags = spin_lock_irqsave(&disks_lock);
	struct block_device *bdev = find_locked(name);

	spin_unlock_irqrestore(&disks_lock, flags);
	return bdev;
}

int claim_disk(struct block_device *bdev, bool alone)
{
	u32 flags = spin_lock_irqsave(&disks_lock);
	bool busy = bdev->owned || (alone && bdev->writers);

	if (!busy && alone)
		bdev->owned = true;
	else if (!busy)
		bdev->writers++;
	spin_unlock_irqrestore(&disks_lock, flags);
	return busy ? -EBUSY : 0;
}

void release_disk(struct block_device *bdev, bool alone)
{
	u32 flags = spin_lock_irqsave(&disks_lock);

	BUG_ON(alone ? !bdev->owned : !bdev->writers,
	       "a disk is given back that nobody has claimed");
	if (alone)
		bdev->owned = false;
	else
		bdev->writers--;
	spin_unlock_irqrestore(&disks_lock, flags);
}

struct block_device *next_disk(struct block_device *bdev)
{
	u32 flags = spin_lock_irqsave(&disks_lock);
	struct list_head *next = bdev ? bdev->list.next : disks.next;

	spin_unlock_irqrestore(&disks_lock, flags);
	return next == &disks ? NULL :
	       list_entry(next, struct block_device, list);
}

void block_init(void)
{
	bio_init_parts();
	page_io_init();
	kblockd = create_workqueue("kblockd");
	if (!kblockd)
		panic("no memory for the thread of block devices");
	ramdisk_init();
	ide_init();
	floppy_init();
}
