/*
 * What is checked and noted of pages beyond their state.
 *
 * 1. page_owner: a side array with a place for each page; that of a block's
 *    first page says who allocated it, with what, and who freed it. 16 bytes a
 *    page, from memblock, only if asked for.
 *
 * 2. page_poison: a page that becomes free is filled with 0xaa and marked (in
 *    index, which no owner needs then); one that is marked must still be so
 *    when it is given out. What differs was written after it was freed.
 *
 * 3. pagealloc: the direct map's entry of a free page is not present, so that
 *    the first access faults where it is made. The direct map has no large
 *    pages then (mm/table/init.c), so no table is ever needed here. High memory
 *    has no entry to clear.
 *
 * 4. A page of high memory is seen through one window of the fixmap, with
 *    interrupts off: mm/high, which does that better, stands above this.
 */
#include <kernel/base/debug.h>
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <kernel/cpu/processor.h>
#include <kernel/lib/string.h>
#include <mm/early/memblock.h>
#include <mm/page/internal.h>
#include <mm/page/page_debug.h>
#include <mm/table/fixmap.h>
#include <mm/table/paging.h>

#define POISON_WORD 0xaaaaaaaaU		/* PAGE_POISON, four times */
#define POISON_MARK 0x504f4953U		/* guessed: nobody's index */

u32 bad_pages;
bool page_debugging;

static struct page_owner *owners;	/* by frame number */

/* A page that must ask whether it fails takes the slow way, too. */
void page_debug_update(void)
{
	unsigned int i;

	page_debugging = owners || fail_page.active || traced_page ||
			 debug_enabled(DEBUG_PAGE_POISON) ||
			 debug_enabled(DEBUG_PAGEALLOC);
	for (i = 0; i < MAX_ZONEIDS; i++)
		if (zone_table[i])
			zone_set_hot(zone_table[i], !page_debugging);
}

FAIL_POINT(fail_page, "page", page_debug_update);

void page_alloc_fail_nth(u32 n)
{
	fail_nth(&fail_page, n);
}

/* --- windows --- */

void *page_window_open(struct page *page, u32 *flags)
{
	unsigned int idx;

	*flags = local_irq_save();
	if (!page_is_high(page))
		return page_address(page);
	idx = FIX_PAGE_WINDOW + smp_processor_id();
	set_fixmap(idx, page_to_phys(page), PAGE_KERNEL);
	return (void *)(uintptr_t)__fix_to_virt(idx);
}

void page_window_close(struct page *page, u32 flags)
{
	if (page_is_high(page))
		clear_fixmap(FIX_PAGE_WINDOW + smp_processor_id());
	local_irq_restore(flags);
}

/* --- owners --- */

const struct page_owner *page_owner(const struct page *page)
{
	return owners ? &owners[page_to_pfn(page)] : NULL;
}

static void print_owner(const struct page *page)
{
	const struct page_owner *owner = page_owner(page);
	char alloc_text[SYMBOL_TEXT], free_text[SYMBOL_TEXT];

	if (!owner || !owner->alloc_site)
		return;
	printk("  allocated by %s, order %u, mode 0x%x; last freed by %s\n",
	       symbol_text(owner->alloc_site, alloc_text), owner->order,
	       owner->gfp, owner->free_site ?
	       symbol_text(owner->free_site, free_text) : "nobody");
}

void bad_page(const char *what, const struct page *page)
{
	const struct page *block;

	__atomic_fetch_add(&bad_pages, 1, __ATOMIC_RELAXED);
	if (!page) {
		pr_err("bad page: %s\n", what);
		return;
	}
	pr_err("bad page: frame %x: %s; flags %08x, order %u, count %d, "
	       "mapped %d, mapping %p\n", page_to_pfn(page), what, page->flags,
	       page_order(page), page_count(page), page_mapcount(page),
	       page->mapping);
	block = page_block((struct page *)(uintptr_t)page);
	if (block && block != page)
		printk("  in the block of order %u at frame %x\n",
		       page_order(block), page_to_pfn(block));
	print_owner(block ? block : page);
}

static void note_alloc(struct page *page, unsigned int order, gfp_t gfp,
		       u32 site)
{
	struct page_owner *owner = &owners[page_to_pfn(page)];

	owner->alloc_site = site;
	owner->free_site = 0;
	owner->order = (u16)order;
	owner->gfp = gfp;
}

void page_debug_set_site(struct page *page, u32 site)
{
	if (owners)
		owners[page_to_pfn(page)].alloc_site = site;
	if (page == traced_page)
		page_trace_set_site(site);
}

void page_debug_alloc_part(struct page *page, u32 i)
{
	struct page_owner *first;

	if (!owners)
		return;
	first = &owners[page_to_pfn(page)];
	first->order = 0;
	first[i] = *first;
}

/* --- poison --- */

static void fill_page(struct page *page)
{
	u32 flags;
	void *p = page_window_open(page, &flags);

	memset(p, PAGE_POISON, PAGE_SIZE);
	page_window_close(page, flags);
	page->index = POISON_MARK;
}

/* Was the page left alone since it was filled? If not: where is the first word
 * that changed, and what is there? */
static bool page_is_intact(struct page *page, u32 *at, u32 *word)
{
	u32 flags;
	const u32 *p = page_window_open(page, &flags);

	for (*at = 0; *at < PAGE_SIZE / 4; ++*at)
		if (p[*at] != POISON_WORD)
			break;
	*word = *at < PAGE_SIZE / 4 ? p[*at] : 0;
	page_window_close(page, flags);
	return *at == PAGE_SIZE / 4;
}

static void check_poison(struct page *page)
{
	u32 at, word;

	if (page->index != POISON_MARK)
		return;
	page->index = 0;
	if (page_is_intact(page, &at, &word))
		return;
	pr_err("page of frame %x was written after it was freed: %08x at "
	       "offset %x\n", page_to_pfn(page), word, at * 4);
	__atomic_fetch_add(&bad_pages, 1, __ATOMIC_RELAXED);
	print_owner(page);
}

/* --- free pages not mapped --- */

static void map_page(struct page *page, bool present)
{
	u32 va;

	if (page_is_high(page))
		return;
	va = (u32)(uintptr_t)lowmem_page_address(page);
	pt_set_page(&kernel_pgtable, va, !present ? 0 :
		    page_to_phys(page) | kernel_page_prot(va));
}

/* --- the changes of hands --- */

static void debug_free_page(struct page *page)
{
	if (debug_enabled(DEBUG_PAGE_POISON))
		fill_page(page);
	if (debug_enabled(DEBUG_PAGEALLOC))
		map_page(page, false);
}

void page_debug_alloc(struct page *page, unsigned int order, gfp_t gfp,
		      u32 site)
{
	u32 i;

	for (i = 0; i < 1U << order; i++) {
		if (debug_enabled(DEBUG_PAGEALLOC))
			map_page(page + i, true);
		if (debug_enabled(DEBUG_PAGE_POISON))
			check_poison(page + i);
	}
	if (owners)
		note_alloc(page, order, gfp, site);
	trace_block(page, order, PAGE_ALLOC, site);
}

/* Each page of the block: the next owner may take only a part of it. */
static void note_free(const struct page *page, u32 i, u32 site)
{
	struct page_owner *owner = &owners[page_to_pfn(page)];

	owner[i] = owner[0];
	owner[i].free_site = site;
}

void page_debug_free(struct page *page, unsigned int order, u32 site)
{
	u32 i;

	trace_block(page, order, PAGE_FREE, site);
	for (i = 0; i < 1U << order; i++) {
		if (owners)
			note_free(page, i, site);
		debug_free_page(page + i);
	}
}

void page_debug_free_range(u32 start, u32 end)
{
	if (!page_debugging)
		return;
	for (; start < end; start++)
		debug_free_page(pfn_to_page(start));
}

void page_debug_init(u32 pages)
{
	u32 size = pages * (u32)sizeof(struct page_owner);
	phys_addr_t pa;

	if (debug_enabled(DEBUG_PAGE_OWNER)) {
		pa = memblock_phys_alloc(&memblock, size, PAGE_SIZE,
					 "page owners");
		if (!pa)
			pr_warn("debug=page_owner: no room for %u KB; off\n",
				size >> 10);
		else
			owners = memset(__va((u32)pa), 0, size);
	}
	page_debug_update();
}
