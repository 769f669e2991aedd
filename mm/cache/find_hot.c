/*
 * The way to a page that is there. Compiled without frame pointers (Makefile),
 * like mm/page/page_hot.c. filemap.c has the theory.
 */
#include <mm/cache/internal.h>

struct page *fastcall find_get_page(struct address_space *mapping, u32 index)
{
	u32 flags = local_irq_save();
	struct page *page;

	/* interrupts are off anyway: nothing else is needed to keep the CPU */
	spin_acquire(&mapping->tree_lock);
	page = radix_tree_lookup(&mapping->page_tree, index);
	if (likely(page))
		atomic_inc(&page->_count);
	spin_release(&mapping->tree_lock);
	local_irq_restore(flags);
	return page;
}
