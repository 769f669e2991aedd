/*
 * A file of the RAM file system as a swap area.
 *
 * 1. Its pages are RAM already: what goes to swap is copied into them, and
 *    comes back by another copy. No memory is gained by that; it is how swap is
 *    tried without a disk, with what mkswap has made (a boot module, say).
 *
 * 2. All of its pages are brought in and kept when it begins, so that nothing
 *    is asked for when a page has to go. What nobody wrote and no module has is
 *    a hole, which has no page; such a file is refused.
 *
 * 3. As long as it is an area it is neither written nor cut nor mapped to be
 *    written (i_swapfile): -ETXTBSY. Its name may go; the file stays.
 *
 * Lock: i_mutex, for i_swapfile.
 */
#include <kernel/base/printk.h>
#include <kernel/fs/internal.h>
#include <kernel/lib/string.h>
#include <mm/high/highmem.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/swap.h>
#include <mm/virt/vmalloc.h>

struct file_area {
	struct swap_backing backing;
	struct inode *inode;
	struct page *page[];
};

static void copy_page_of(struct swap_backing *backing, u32 offset,
			 struct page *page, u32 rw,
			 void (*done)(struct page *page, int error))
{
	const struct file_area *area = backing->private;

	if (rw == WRITE)
		copy_highpage(area->page[offset], page);
	else
		copy_highpage(page, area->page[offset]);
	done(page, 0);
}

static void mark(struct inode *inode, bool on)
{
	mutex_lock(&inode->i_mutex);
	inode->i_swapfile = on;
	mutex_unlock(&inode->i_mutex);
}

static void give_up(struct file_area *area)
{
	u32 i;

	for (i = 0; i < area->backing.pages && area->page[i]; i++)
		put_page(area->page[i]);
	mark(area->inode, false);
	iput(area->inode);
	vfree(area);
}

static void release(struct swap_backing *backing)
{
	give_up(backing->private);
}

static bool is_hole(struct inode *inode, u32 index)
{
	struct page *page;

	if ((u64)index << PAGE_SHIFT < inode->i_number)
		return false;
	page = find_get_page(&inode->i_data, index);
	if (!page)
		return true;
	put_page(page);
	return false;
}

static int keep_pages(struct file_area *area)
{
	struct inode *inode = area->inode;
	struct page *page;
	u32 i;

	for (i = 0; i < area->backing.pages; i++) {
		if (is_hole(inode, i)) {
			pr_warn("swap: %s is refused: page %u of it is a "
				"hole\n", area->backing.name, i);
			return -EINVAL;
		}
		page = read_cache_page(&inode->i_data, i, NULL);
		if (IS_ERR_PAGE(page))
			return PAGE_ERR(page);
		area->page[i] = page;
	}
	return 0;
}

static const char *judge(const struct inode *inode)
{
	if ((inode->i_mode & S_IFMT) != S_IFREG || !inode->truncate)
		return "it is neither a disk nor a file in RAM";
	if (inode->i_size < 2ULL * PAGE_SIZE)
		return "it is shorter than two pages";
	if (inode->i_size >> PAGE_SHIFT > SWAP_OFFSET_MOST)
		return "it has more slots than an entry can say";
	if (!list_empty(&inode->i_data.i_mmap))
		return "somebody has it mapped";
	return NULL;
}

/* From here on it does not change. -EBUSY: it is an area. */
static int claim(const char *path, struct inode *inode)
{
	const char *wrong = NULL;
	int err = 0;

	mutex_lock(&inode->i_mutex);
	if (inode->i_swapfile) {
		wrong = "it is a swap area already";
		err = -EBUSY;
	} else {
		wrong = judge(inode);
		err = wrong ? -EINVAL : 0;
	}
	if (!err)
		inode->i_swapfile = true;
	mutex_unlock(&inode->i_mutex);
	if (wrong)
		pr_warn("swap: %.40s is refused: %s\n", path, wrong);
	return err;
}

/* The inode is claimed; its user becomes the area's. */
static int make_area(const char *path, struct inode *inode,
		     struct swap_backing **backing)
{
	u32 pages = (u32)(inode->i_size >> PAGE_SHIFT);
	struct file_area *area;
	int err;

	area = vzalloc(sizeof(*area) + pages * sizeof(struct page *));
	if (!area) {
		mark(inode, false);
		iput(inode);
		return -ENOMEM;
	}
	strlcpy(area->backing.name, path, sizeof(area->backing.name));
	area->backing.is_file = true;
	area->backing.pages = pages;
	area->backing.start = copy_page_of;
	area->backing.release = release;
	area->backing.private = area;
	area->inode = inode;
	err = keep_pages(area);
	if (err)
		give_up(area);
	else
		*backing = &area->backing;
	return err;
}

static int file_backing(const char *path, struct swap_backing **backing)
{
	struct inode *inode;
	int err = path_lookup(path, &inode);

	if (err)
		return err;
	err = claim(path, inode);
	if (!err)
		return make_area(path, inode, backing);
	iput(inode);
	return err;
}

void __init swap_files_init(void)
{
	swap_file_hook = file_backing;
}
