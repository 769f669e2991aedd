#include <kernel/sched/task.h>
#include <mm/high/highmem.h>
#include "private_file.h"

struct private_file file;

static int read_page(struct address_space *mapping, struct page *page)
{
	void *va;

	file.reads++;
	if (file.slow)
		msleep(file.slow);
	if (page->index == file.bad) {
		SetPageError(page);
		unlock_page(page);
		return 0;
	}
	va = kmap_atomic(page);
	memset(va, (int)page->index, PAGE_SIZE);
	*(u32 *)va = FILE_WORD(page->index);
	kunmap_atomic(va);
	SetPageUptodate(page);
	if (file.before_unlock)
		file.before_unlock();
	unlock_page(page);
	if (file.behind_unlock)
		file.behind_unlock();
	return 0;
}

static int write_page(struct address_space *mapping, struct page *page)
{
	file.writes++;
	set_page_writeback(page);
	unlock_page(page);
	if (file.bad_write)
		mapping_set_error(mapping, -EIO);
	end_page_writeback(page);
	return 0;
}

static const struct address_space_operations a_ops = {
	.readpage = read_page, .writepage = write_page,
};

static void open_area(struct vm_area_struct *vma)
{
	file.opens++;
	/* whoever looks at all spaces does not see one that is being made */
	EXPECT(!down_read_trylock(&vma->vm_mm->mmap_sem) ||
	       (up_read(&vma->vm_mm->mmap_sem), false));
}

static void close_area(struct vm_area_struct *vma)
{
	file.closes++;
}

static u64 size_of(const struct vm_area_struct *vma)
{
	return file.size;
}

static const struct vm_operations_struct vm_ops = {
	.open = open_area, .close = close_area, .nopage = filemap_nopage,
	.dirtied = filemap_dirtied, .size = size_of,
};

static int file_mmap(struct file *f, struct vm_area_struct *vma)
{
	return map_file(vma, &file.mapping, &vm_ops);
}

static const struct mmap_file to_map = {
	.file = (struct file *)&file, .mmap = file_mmap,
	.may = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC,
};

void file_begin(u64 size)
{
	file = (struct private_file){ .size = size, .bad = NO_INDEX };
	address_space_init(&file.mapping, &file, &a_ops, GFP_HIGHUSER);
}

static void complain(const char *sentence)
{
	EXPECT_STREQ(sentence, "");
}

void file_end(void)
{
	EXPECT_EQ(file.opens, file.closes);
	EXPECT(list_empty(&file.mapping.i_mmap));
	EXPECT_EQ(check_mapping(&file.mapping, complain), 0);
	truncate_inode_pages(&file.mapping, 0);
	EXPECT_EQ(file.mapping.nrpages, 0);
}

void file_truncate(u64 size)
{
	file.size = size;
	truncate_pagecache(&file.mapping, size);
}

u32 file_map(struct mm_struct *mm, u32 addr, u32 pages, u32 prot, u32 flags,
	     u32 pgoff)
{
	u32 at;

	down_write(&mm->mmap_sem);
	at = do_mmap(mm, &to_map, addr, pages << PAGE_SHIFT, prot,
		     flags | MAP_FIXED, pgoff);
	up_write(&mm->mmap_sem);
	return at;
}

/* --- its pages --- */

bool file_read(u32 index)
{
	struct page *page = read_cache_page(&file.mapping, index, NULL);

	if (!EXPECT(!IS_ERR_PAGE(page)))
		return false;
	put_page(page);
	return true;
}

u32 file_word(u32 index)
{
	struct page *page = find_get_page(&file.mapping, index);
	u32 word = 0;

	if (!page)
		return 0;
	memcpy_from_page(&word, page, 0, 4);
	put_page(page);
	return word;
}

bool file_has(u32 index)
{
	struct page *page = find_get_page(&file.mapping, index);

	if (page)
		put_page(page);
	return page;
}

bool file_is_dirty(u32 index)
{
	struct page *page = find_get_page(&file.mapping, index);
	bool dirty = page && PageDirty(page);

	if (page)
		put_page(page);
	return dirty;
}

static int count_entry(struct vm_area_struct *vma, u32 address, void *arg)
{
	++*(u32 *)arg;
	return 0;
}

u32 file_walk(u32 index)
{
	struct page *page = find_lock_page(&file.mapping, index);
	u32 found = 0;

	if (!page)
		return NO_INDEX;
	rmap_walk_file(page, count_entry, &found);
	unlock_page(page);
	put_page(page);
	return found;
}

u32 file_mapcount(u32 index)
{
	struct page *page = find_get_page(&file.mapping, index);
	u32 n;

	if (!page)
		return NO_INDEX;
	n = (u32)page_mapcount(page);
	put_page(page);
	return n;
}
