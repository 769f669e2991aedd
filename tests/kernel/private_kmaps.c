#include <mm/high/check.h>
#include <mm/page/page_alloc.h>
#include <mm/virt/vmalloc.h>
#include "private_kmaps.h"

struct kmap_pool kmaps;

static struct kmap_window windows[KMAPS_MOST];
static struct vm_struct *area;

/* The windows must not stand in two page tables, of 2 MB with PAE. */
static u32 place(u32 start, u32 size)
{
	u32 border = ALIGN(start, 0x200000U);

	return border - start < size && border != start ? border : start;
}

bool kmaps_begin(u32 nr)
{
	u32 size = nr * PAGE_SIZE, base;

	area = get_vm_area(2 * size, VM_MAP);
	if (!EXPECT(area && nr <= KMAPS_MOST))
		return false;
	base = place((u32)(uintptr_t)area->addr, size);
	return EXPECT_EQ(kmap_pool_init(&kmaps, base, nr, windows), 0);
}

static void complain(const char *sentence)
{
	EXPECT_STREQ(sentence, "");
}

void kmaps_end(void)
{
	EXPECT_EQ(kmap_pool_in_use(&kmaps), 0);
	EXPECT_EQ(check_kmap_pool(&kmaps, complain), 0);
	kmap_pool_flush(&kmaps);
	EXPECT_EQ(check_kmap_pool(&kmaps, complain), 0);
	EXPECT(list_empty(&kmaps.wait.list));
	vunmap(area->addr);
}

u32 *kmaps_map(struct page *page)
{
	return kmap_pool_map(&kmaps, page, spin_site());
}

void kmaps_unmap(struct page *page)
{
	kmap_pool_unmap(&kmaps, page);
}

struct page *high_page(void)
{
	struct page *page;
	int nid;

	for (nid = 0; nid < MAX_NUMNODES; nid++) {
		if (!machine_nodes.node[nid])
			continue;
		page = alloc_pages_node(nid, GFP_HIGHUSER | __GFP_NOWARN, 0);
		if (page && page_is_high(page))
			return page;
		if (page)
			__free_page(page);
	}
	return NULL;
}

u32 first_word(const struct page *page)
{
	u32 word;

	memcpy_from_page(&word, page, 0, sizeof(word));
	return word;
}

void set_first_word(struct page *page, u32 word)
{
	memcpy_to_page(page, 0, &word, sizeof(word));
}

bool pages_get(struct page **pages, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		pages[i] = alloc_page(GFP_HIGHUSER | __GFP_NOWARN);
		if (!EXPECT(pages[i])) {
			pages_put(pages, i);
			return false;
		}
		set_first_word(pages[i], i);
	}
	return true;
}

void pages_put(struct page **pages, u32 n)
{
	while (n--)
		__free_page(pages[n]);
}
