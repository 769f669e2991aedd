/*
 * Pages in use by the place in the code that asked for them: what a leak looks
 * like. mem_map is gone through block by block, from the first frame up; pages
 * that were never the allocator's are passed over.
 */
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <kernel/lib/sort.h>
#include <mm/page/page_debug.h>
#include <mm/report/pages.h>

#define SITES 64	/* guessed: places that call the page allocator */

struct site {
	u32 address;
	u32 pages, blocks;
};

static struct site sites[SITES];
static unsigned int nr_sites;
static struct site others;	/* all that found no place in sites[] */

static struct site *find_site(u32 address)
{
	unsigned int i;

	for (i = 0; i < nr_sites; i++)
		if (sites[i].address == address)
			return &sites[i];
	if (nr_sites == SITES)
		return &others;
	sites[nr_sites] = (struct site){ .address = address };
	return &sites[nr_sites++];
}

/* Adds the block that begins at the page, if it is in use; its pages. */
static u32 add_block(const struct page *page)
{
	u32 pages = 1U << page_order(page);
	struct site *site;

	if (PageReserved(page) || (!PageBuddy(page) && !page_count(page)))
		return 1;
	if (PageBuddy(page))
		return pages;
	site = find_site(page_owner(page)->alloc_site);
	site->pages += pages;
	site->blocks++;
	return pages;
}

/* The most pages first; equal ones by address. */
static int compare_sites(const void *a, const void *b)
{
	const struct site *left = a, *right = b;

	if (left->pages != right->pages)
		return left->pages > right->pages ? -1 : 1;
	return left->address < right->address ? -1 : 1;
}

static void print_site(const struct site *site, const char *name)
{
	printk("%8u pages %6u blocks  %s\n", site->pages, site->blocks, name);
}

void report_page_owners(void)
{
	struct site sum = { 0 };
	char text[SYMBOL_TEXT];
	unsigned int i;
	u32 pfn;

	if (!page_owner(mem_map)) {
		printk("nobody keeps book of that: boot with "
		       "debug=page_owner\n");
		return;
	}
	nr_sites = 0;
	others = (struct site){ 0 };
	for (pfn = 0; pfn < max_mapnr;)
		pfn += add_block(pfn_to_page(pfn));
	sort(sites, nr_sites, sizeof(sites[0]), compare_sites);
	for (i = 0; i < nr_sites; i++) {
		print_site(&sites[i], symbol_text(sites[i].address, text));
		sum.pages += sites[i].pages;
		sum.blocks += sites[i].blocks;
	}
	if (others.blocks)
		print_site(&others, "other places, more than the table holds");
	sum.pages += others.pages;
	sum.blocks += others.blocks;
	print_site(&sum, "in all");
}
