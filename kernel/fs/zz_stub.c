/* What <mm/space/filemap.h> promises, as far as programs need it to begin. */
#include <kernel/fs/fs.h>
#include <mm/page/page_alloc.h>
#include <mm/space/filemap.h>

int map_shared_memory(struct vm_area_struct *vma)
{
	(void)vma;
	return -ENODEV;
}

void unmap_mapping_range(struct address_space *mapping, u64 from, u64 len,
			 bool even_private)
{
	(void)mapping;
	(void)from;
	(void)len;
	(void)even_private;
}

int map_file(struct vm_area_struct *vma, struct address_space *mapping,
	     const struct vm_operations_struct *ops)
{
	vma->vm_mapping = mapping;
	vma->vm_ops = ops;
	ops->open(vma);
	return 0;
}

struct page *filemap_nopage(struct vm_area_struct *vma, u32 address,
			    bool *major)
{
	u32 index = vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT);
	struct page *page = read_cache_page(vma->vm_mapping, index, major);

	return IS_ERR_PAGE(page) ? NOPAGE_SIGBUS : page;
}

void filemap_dirtied(struct vm_area_struct *vma, struct page *page)
{
	(void)vma;
	set_page_dirty(page);
}
