/*
 * Looks at the init sections right after they became free pages: later on they
 * may be anybody's. Initcalls run in link order, which is that of the names:
 * this one comes before the one that runs the tests.
 */
#include <boot/sections.h>
#include <kernel/base/debug.h>
#include <kernel/base/init.h>
#include <kernel/cpu/traps.h>
#include <mm/page/page_alloc.h>
#include <mm/page/page_debug.h>
#include "at_boot.h"

struct at_boot at_boot;

/* debug=page_poison fills all that becomes free. */
static bool is_filled(const u8 *p)
{
	u8 want = debug_enabled(DEBUG_PAGE_POISON) ? PAGE_POISON :
						     POISON_FREE_INITMEM;
	u32 i;

	for (i = 0; i < PAGE_SIZE; i++)
		if (p[i] != want)
			return false;
	return true;
}

static void read_page(void *p)
{
	at_boot.init_as_filled += is_filled(p);
}

static void note_frames(const char *start, const char *end)
{
	const char *p;

	for (p = start; p < end; p += PAGE_SIZE) {
		struct page *page = virt_to_page(p);

		at_boot.init_frames++;
		if (PageReserved(page) || page_count(page))
			continue;
		at_boot.init_free++;
		if (!cpu_probe(read_page, (void *)(uintptr_t)p, NULL))
			at_boot.init_unmapped++;
	}
}

static void note_boot_state(void)
{
	at_boot.noted = true;
	note_frames(_sinittext, _einittext);
	note_frames(__init_data_begin, __init_data_end);
}

late_initcall(note_boot_state);
