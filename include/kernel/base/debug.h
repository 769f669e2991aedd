/*
 * debug= on the command line: checks that cost too much to be always on.
 *
 *	debug=page_owner,page_poison
 *	debug=slab			every cache of objects
 *	debug=slab,size-64,files	these two; so an option of several words
 *	debug=page_owner,slab,files	has its caches behind `slab`
 *
 * The code of each is always compiled; it asks debug_enabled(), a cache
 * debug_slab_wants(). Constant after the command line was read. Any context.
 */
#ifndef KERNEL_BASE_DEBUG_H
#define KERNEL_BASE_DEBUG_H

#include <kernel/lib/compiler.h>

enum debug_option {
	DEBUG_PAGE_OWNER,	/* who allocated and who freed each page */
	DEBUG_PAGE_POISON,	/* free pages are filled, and checked */
	DEBUG_PAGEALLOC,	/* free pages of lowmem are not mapped */
	DEBUG_SLAB,		/* objects are watched: debug_slab_wants() */
	DEBUG_LOCKS,		/* order and contexts of locks */
	DEBUG_BOUNCE,		/* no device reaches any page */
	DEBUG_HIGHMEM,		/* windows of kmap_atomic() close at once */
	DEBUG_KSWAPD,		/* it never waits */
	NR_DEBUG_OPTIONS,
};

extern u32 debug_options;	/* a bit for each, by number */

static inline bool debug_enabled(enum debug_option option)
{
	return debug_options >> option & 1;
}

#define DEBUG_CACHES 16		/* guessed: more are better watched all */
#define DEBUG_CACHE_NAME 32	/* with the NUL */

/* What options say; several add up. */
struct debug_choice {
	u32 options;		/* a bit for each, by number */
	bool all_caches;	/* `slab` stood without names */
	unsigned int nr;
	char cache[DEBUG_CACHES][DEBUG_CACHE_NAME];
};

/*
 * Adds what one value of debug= asks for. -EINVAL for a word that nobody knows
 * and that is no name of a cache (before or without `slab`; empty; too long),
 * -ENOSPC if there is no place for a name; nothing is added then.
 */
int debug_parse(const char *value, struct debug_choice *choice);

bool debug_choice_names(const struct debug_choice *choice,
			const char *cache_name);

/* Are the objects of this cache to be watched? */
bool debug_slab_wants(const char *cache_name);

#endif
