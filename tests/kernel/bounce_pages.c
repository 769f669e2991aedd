#include <mm/high/highmem.h>
#include "bounce_pages.h"

void piece_fill(const struct bio_vec *v, u32 seed)
{
	u8 *data = kmap_atomic(v->bv_page);
	u32 i;

	for (i = v->bv_offset; i < v->bv_offset + v->bv_len; i++)
		data[i] = page_byte(seed, i);
	kunmap_atomic(data);
}

bool piece_is(const struct bio_vec *v, u32 seed)
{
	const u8 *data = kmap_atomic(v->bv_page);
	bool same = true;
	u32 i;

	for (i = v->bv_offset; i < v->bv_offset + v->bv_len; i++)
		same &= data[i] == page_byte(seed, i);
	kunmap_atomic(data);
	return same;
}

void page_fill(struct page *page, u32 seed)
{
	piece_fill(&(struct bio_vec){ page, PAGE_SIZE, 0 }, seed);
}

bool page_is(struct page *page, u32 seed)
{
	return piece_is(&(struct bio_vec){ page, PAGE_SIZE, 0 }, seed);
}

bool page_is_outside(const struct bio_vec *v, u32 seed)
{
	u32 end = v->bv_offset + v->bv_len;

	return piece_is(&(struct bio_vec){ v->bv_page, v->bv_offset, 0 },
			seed) &&
	       piece_is(&(struct bio_vec){ v->bv_page, PAGE_SIZE - end, end },
			seed);
}

/* --- blocks in a chain, by page->lru; page->index: the order --- */

static LIST_HEAD(blocks);
static LIST_HEAD(hogged);

static struct page *chain(struct list_head *list, gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp | __GFP_NOWARN, order);

	if (page) {
		page->index = order;
		list_add_tail(&page->lru, list);
	}
	return page;
}

static void unchain(struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru)
		__free_pages(page, page->index);
	INIT_LIST_HEAD(list);
}

struct page *block_above(u32 pfn)
{
	struct page *page;

	if (max_mapnr <= pfn)
		return NULL;
	do
		page = chain(&blocks, __GFP_HIGHMEM, MAX_ORDER - 1);
	while (page && page_to_pfn(page) < pfn);
	if (!page)
		unchain(&blocks);
	return page;
}

void block_end(void)
{
	unchain(&blocks);
}

bool hog_all(void)
{
	gfp_t from[] = { GFP_ATOMIC | __GFP_HIGHMEM, GFP_ATOMIC,
			 GFP_ATOMIC | GFP_DMA };
	unsigned int i, order;

	for (i = 0; i < ARRAY_SIZE(from); i++)
		for (order = MAX_ORDER; order--;)
			while (chain(&hogged, from[i], order))
				;
	return !chain(&hogged, GFP_ATOMIC | GFP_DMA, 0) &&
	       !chain(&hogged, GFP_ATOMIC, 0);
}

void hog_end(void)
{
	unchain(&hogged);
}
