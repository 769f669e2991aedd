#include "private_lru.h"
#include "private_node.h"

struct zone *lru_zone(void)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, private_pages());

	private_ready();
	lru_add_drain();
	return zone;
}

struct page *lru_page(bool active)
{
	struct page *page = private_alloc(GFP_KERNEL, 0);

	BUG_ON(!page, "a private zone is too small for its case");
	if (active)
		lru_cache_add_active(page);
	else
		lru_cache_add(page);
	return page;
}

u32 lru_state(const struct page *page)
{
	return page->flags & (ACTIVE | REFERENCED);
}

u32 place_of(const struct list_head *list, const struct page *page)
{
	const struct page *other;
	u32 n = 0;

	list_for_each_entry(other, list, lru) {
		if (other == page)
			return n;
		n++;
	}
	return NOWHERE;
}

u32 lru_place(const struct zone *zone, const struct page *page, bool active)
{
	return place_of(active ? &zone->active_list : &zone->inactive_list,
			page);
}
