/* A watched cache that a case makes mistakes with. */
#ifndef TESTS_KERNEL_SLAB_WATCHED_H
#define TESTS_KERNEL_SLAB_WATCHED_H

#include <mm/object/slab_debug.h>
#include "slab_expect.h"

#define SIZE 64U

extern struct kmem_cache *cache;	/* named "watched" */

/* Makes it; what is reported is counted from now on. */
bool open_cache(u32 size, u32 align, u32 flags);
bool open_another(u32 size, u32 align, u32 flags);	/* in the same case */

/* It can be destroyed, so nothing of it is in use, and nobody complains. */
void close_cache(void);

u8 *take(void);
bool all_are(const u8 *p, u32 n, u8 value);

/* They allocate and free, to be found by their names. */
u8 *slab_debug_taker(void);
void slab_debug_giver(void *object);

/* Do these, up to a NULL, stand in the text one behind the other? */
bool in_order(const char *text, const char *const *words);

#endif
