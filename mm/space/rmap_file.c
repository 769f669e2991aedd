/*
 * From a page of a file to the entries that show it. ULK3 section 17.2.2.
 *
 * 1. An area that shows a file is on the list of the file's mapping (i_mmap.c)
 *    from link_vma() until it goes. In it a page can only be at vm_start +
 *    (index - vm_pgoff) pages; whether the entry there does show it is seen by
 *    looking.
 *
 * 2. Borders change, and areas are split and joined, under i_mmap_lock: a walk
 *    sees each address of a space in one area.
 *
 * 3. Order. Entries are copied (fork) and moved (mremap) from an area that is
 *    on the list to one that is there, too, and stands behind it; and each
 *    under the page_table_lock of the first. So a walk that empties entries
 *    leaves none behind: what it has not found in the one it comes by in the
 *    other. One that counts may count an entry twice that moves meanwhile.
 *
 * 4. An area's space is alive while the area is on the list: it goes behind
 *    exit_mmap(). Tables are looked at under page_table_lock, as they go under
 *    it: nobody here has mmap_sem.
 *
 * Locks: page lock, then i_mmap_lock, then page_table_lock. Cost: a walk looks
 * at every area of the file.
 */
#include <kernel/lib/bug.h>
#include <mm/space/filemap.h>
#include <mm/space/internal.h>

int rmap_walk_file(struct page *page,
		   int (*fn)(struct vm_area_struct *vma, u32 address,
			     void *arg), void *arg)
{
	struct address_space *mapping = page->mapping;
	struct vm_area_struct *vma;
	int result = 0;

	BUG_ON(!PageLocked(page), "the areas of a page that nobody has locked");
	if (!page_mapcount(page))
		return 0;
	BUG_ON(!mapping || PageAnon(page),
	       "the areas of a page that no file has");
	mutex_lock(&mapping->i_mmap_lock);
	list_for_each_entry(vma, &mapping->i_mmap, shared) {
		result = rmap_look(vma, page, fn, arg);
		if (result)
			break;
	}
	mutex_unlock(&mapping->i_mmap_lock);
	return result;
}

/* --- nobody shows it any more --- */

/* Pages [first, end) of the mapping, as far as the area shows them. */
static void unmap_part(struct vm_area_struct *vma, u64 first, u64 end,
		       bool even_private)
{
	u64 has = vma->vm_pgoff, upto = has + vma_pages(vma);

	first = max(first, has);
	end = min(end, upto);
	if (first < end)
		zap_entries(vma,
			    vma->vm_start + (u32)((first - has) << PAGE_SHIFT),
			    vma->vm_start + (u32)((end - has) << PAGE_SHIFT),
			    even_private);
}

void unmap_mapping_range(struct address_space *mapping, u64 from, u64 len,
			 bool even_private)
{
	u64 first = (from + PAGE_SIZE - 1) >> PAGE_SHIFT;
	u64 end = len ? (from + len + PAGE_SIZE - 1) >> PAGE_SHIFT : 1ULL << 32;
	struct vm_area_struct *vma;

	might_sleep();
	mutex_lock(&mapping->i_mmap_lock);
	list_for_each_entry(vma, &mapping->i_mmap, shared)
		unmap_part(vma, first, end, even_private);
	mutex_unlock(&mapping->i_mmap_lock);
}

/* First in one go, which spares most pages a walk each. Private copies may be
 * made until the pages are gone: hence again. */
void truncate_pagecache(struct address_space *mapping, u64 size)
{
	unmap_mapping_range(mapping, size, 0, true);
	truncate_inode_pages(mapping, size);
	unmap_mapping_range(mapping, size, 0, true);
}

/* The page is locked, and leaves its mapping. */
static void unmap_page(struct page *page)
{
	unmap_mapping_range(page->mapping, (u64)page->index << PAGE_SHIFT,
			    PAGE_SIZE, false);
}

void rmap_file_init(void)
{
	unmap_page_hook = unmap_page;
}
