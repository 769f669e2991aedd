#include <mm/page/page_alloc.h>
#include <mm/space/rmap.h>
#include "reclaim_pages.h"

struct scan_control scan_all(void)
{
	return (struct scan_control){
		.gfp = GFP_KERNEL, .priority = DEF_PRIORITY, .may_swap = true,
		.may_writepage = true, .swappiness = SWAPPINESS_DEFAULT,
	};
}

bool give_to_file(struct fake_file *fake, struct page *page, u32 index)
{
	if (!EXPECT_EQ(add_to_page_cache(page, &fake->mapping, index,
					 GFP_KERNEL), 0))
		return false;
	SetPageUptodate(page);
	unlock_page(page);
	put_page(page);
	return true;
}

struct page *file_page(struct fake_file *fake, u32 index)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	if (!EXPECT(page) || !give_to_file(fake, page, index))
		return NULL;
	lru_cache_add(page);
	return page;
}

static void put_back(struct page *page)
{
	list_del(&page->lru);
	if (PageActive(page))
		lru_cache_add_active(page);
	else
		lru_cache_add(page);
	put_user_page(page);
}

u32 shrink_these(struct page **pages, u32 n, struct scan_control *sc)
{
	LIST_HEAD(list);
	u32 i, gone;

	for (i = 0; i < n; i++) {
		get_page(pages[i]);
		lru_del_page(pages[i]);
		list_add_tail(&pages[i]->lru, &list);
	}
	gone = shrink_page_list(&list, sc);
	while (!list_empty(&list))
		put_back(list_first_entry(&list, struct page, lru));
	return gone;
}
