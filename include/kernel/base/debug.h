/*
 * debug= on the command line: checks that cost too much to be always on.
 *
 *	debug=page_owner,page_poison
 *
 * The code of each is always compiled; it asks debug_enabled(). Constant after
 * the command line was read. Any context.
 */
#ifndef KERNEL_BASE_DEBUG_H
#define KERNEL_BASE_DEBUG_H

#include <kernel/lib/compiler.h>

enum debug_option {
	DEBUG_PAGE_OWNER,	/* who allocated and who freed each page */
	DEBUG_PAGE_POISON,	/* free pages are filled, and checked */
	DEBUG_PAGEALLOC,	/* free pages of lowmem are not mapped */
	NR_DEBUG_OPTIONS,
};

extern u32 debug_options;	/* a bit for each, by number */

static inline bool debug_enabled(enum debug_option option)
{
	return debug_options >> option & 1;
}

#endif
