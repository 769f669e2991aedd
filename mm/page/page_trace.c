/*
 * The life of one page, as a ring of events.
 *
 * 1. One page at a time. Whoever changes a page's state says so to
 *    trace_page(), which compares its address with that of the traced one: two
 *    instructions where nobody asks.
 *
 * 2. The hot ways of mm/page do not even compare: page_debugging is on while a
 *    page is traced, so every page takes the long way, and page_debug_alloc()
 *    and page_debug_free() say when it is that one. It may be any page of a
 *    block. What the CPUs' lists and the buddy system do with a free page is
 *    no state of its own here.
 *
 * 3. It is noted, not printed: that happens with any lock held, or in an
 *    interrupt, and a line takes the serial port milliseconds. Who wants to
 *    read (mm/report) asks for events by their number, from 0 on; those that
 *    were overwritten are gone, and the numbers say how many.
 *
 * Lock: page_trace_lock, interrupts off, innermost of all.
 */
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/time.h>
#include <kernel/lock.h>
#include <mm/page/internal.h>
#include <mm/page/page_trace.h>

const struct page *traced_page;

static spinlock_t page_trace_lock = SPIN_LOCK_UNLOCKED("page_trace_lock");
static struct page_trace_event ring[PAGE_TRACE_KEPT];
static u32 noted;		/* since the start */

static struct page_trace_event *place(u32 n)
{
	return &ring[n % PAGE_TRACE_KEPT];
}

void page_trace_note_site(const struct page *page, enum page_event event,
			  u32 site)
{
	u64 now = clock_ns();
	u32 flags = spin_lock_irqsave(&page_trace_lock);

	/* another one may be traced by now */
	if (page == traced_page)
		*place(noted++) = (struct page_trace_event){
			.ns = now, .event = event, .site = site,
			.flags = page->flags, .users = page_count(page),
			.mapped = page_mapcount(page), .index = page->index,
			.private = page->private, .interrupt = in_interrupt(),
		};
	spin_unlock_irqrestore(&page_trace_lock, flags);
}

void fastcall page_trace_note(const struct page *page, enum page_event event)
{
	page_trace_note_site(page, event, CALLER);
}

void page_trace_set_site(u32 site)
{
	u32 flags = spin_lock_irqsave(&page_trace_lock);

	if (noted && place(noted - 1)->event == PAGE_ALLOC)
		place(noted - 1)->site = site;
	spin_unlock_irqrestore(&page_trace_lock, flags);
}

void page_trace_start(const struct page *page)
{
	u32 flags = spin_lock_irqsave(&page_trace_lock);

	if (page)
		noted = 0;
	traced_page = page;
	spin_unlock_irqrestore(&page_trace_lock, flags);
	page_debug_update();
}

u32 page_trace_events(void)
{
	return noted;
}

bool page_trace_event(u32 n, struct page_trace_event *event)
{
	u32 flags = spin_lock_irqsave(&page_trace_lock);
	bool there = n < noted && noted - n <= PAGE_TRACE_KEPT;

	if (there)
		*event = *place(n);
	spin_unlock_irqrestore(&page_trace_lock, flags);
	return there;
}
