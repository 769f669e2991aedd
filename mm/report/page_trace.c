/*
 * The life of the traced page in words. Events are copied one by one and
 * printed without any lock.
 *
 *	seconds since boot; what; users; entries; flags; who
 *
 * The numbers are those of the moment: an event that is "mapped" has the entry
 * in them already.
 */
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <kernel/lib/math64.h>
#include <mm/page/page_trace.h>
#include <mm/report/page_trace.h>

static const char *const words[NR_PAGE_EVENTS] = {
	[PAGE_ALLOC] = "allocated", [PAGE_FREE] = "freed",
	[PAGE_CACHE_ADD] = "a file's", [PAGE_CACHE_REMOVE] = "no file's",
	[PAGE_DIRTIED] = "dirty", [PAGE_CLEANED] = "clean",
	[PAGE_WRITE] = "write begins", [PAGE_WRITE_END] = "write ends",
	[PAGE_MAP] = "mapped", [PAGE_UNMAP] = "unmapped",
	[PAGE_ACTIVE] = "active", [PAGE_INACTIVE] = "inactive",
	[PAGE_LRU_OFF] = "off the lists", [PAGE_ROTATE] = "goes next",
	[PAGE_TO_SWAP] = "gets a slot", [PAGE_FROM_SWAP] = "has no slot",
	[PAGE_SWAP_READ] = "is read", [PAGE_RECLAIM] = "reclaimed",
};

static void print_event(const struct page_trace_event *e)
{
	u64 us = div_u64(e->ns, 1000), seconds = div_u64(us, 1000000);
	char text[SYMBOL_TEXT];

	printk("%6llu.%06u  %-13s %d %s, %d %s;", seconds,
	       (u32)(us - seconds * 1000000), words[e->event], e->users,
	       e->users == 1 ? "user" : "users", e->mapped,
	       e->mapped == 1 ? "entry" : "entries");
	report_page_flags(e->flags);
	printk("; %s%s\n", symbol_text(e->site, text),
	       e->interrupt ? " in an interrupt" : "");
}

u32 report_page_trace_from(u32 n, u32 most)
{
	u32 end = page_trace_events(), first = n;
	struct page_trace_event event;

	/* another one is traced by now */
	if (n > end)
		n = first = 0;
	if (end - n > most)
		first = end - most;
	if (first != n)
		printk("  (%u more)\n", first - n);
	for (; first < end; first++)
		if (page_trace_event(first, &event))
			print_event(&event);
	return end;
}

void report_page_trace(void)
{
	const struct page *page = traced_page;
	u32 events = page_trace_events();

	if (page)
		printk("frame 0x%x is traced: %u event%s\n", page_to_pfn(page),
		       events, events == 1 ? "" : "s");
	else
		printk("no page is traced; %u event%s of the last one\n",
		       events, events == 1 ? "" : "s");
	report_page_trace_from(0, PAGE_TRACE_KEPT);
}
