/*
 * What a watched cache keeps around its objects, and what it finds.
 *
 * A cache is watched with one of SLAB_RED_ZONE, SLAB_POISON, SLAB_STORE_USER;
 * debug=slab gives it all three. Context and locks are those of the call that
 * looks: any. Reports go to the console; slab_errors[] counts them.
 */
#ifndef MM_OBJECT_SLAB_DEBUG_H
#define MM_OBJECT_SLAB_DEBUG_H

#include <stdarg.h>
#include <mm/object/internal.h>

/* The reference's (2.6.11, mm/slab.c). */
#define RED_INACTIVE 0x5A2CF071U
#define RED_ACTIVE 0x170FC2A5U
#define POISON_INUSE 0x5a	/* nobody wrote to it yet */
#define POISON_FREE 0x6b
#define POISON_END 0xa5		/* the last byte, of either */

#define TRACK_DEPTH 8		/* guessed: who and why */

/* Who had an object, and when. Words only: a buffer is aligned to these. */
struct slab_track {
	u32 entry[TRACK_DEPTH];	/* the innermost first; 0: no more */
	u32 time[2];		/* trace_time(), low and high */
};

enum track { TRACK_ALLOC, TRACK_FREE, NR_TRACKS };

/* --- where things are: offsets from the begin of a buffer --- */

/* The red word behind the object, and behind that the word with the size. */
static inline u32 red_word_at(const struct kmem_cache *cache)
{
	return cache->offset + ALIGN(cache->object_size, (u32)sizeof(void *));
}

static inline u32 tracks_at(const struct kmem_cache *cache)
{
	return red_word_at(cache) + (cache->flags & SLAB_RED_ZONE ? 8 : 0);
}

static inline u32 *word_at(const void *buffer, u32 offset)
{
	return (u32 *)((uintptr_t)buffer + offset);
}

/* NULL: the cache keeps none. */
static inline struct slab_track *track_of(const struct kmem_cache *cache,
					  const void *buffer, enum track which)
{
	if (!(cache->flags & SLAB_STORE_USER))
		return NULL;
	return (struct slab_track *)word_at(buffer, tracks_at(cache)) + which;
}

/* The buffer that p points into; NULL: into none. */
static inline void *buffer_around(const struct kmem_cache *cache,
				  const struct slab *slab, const void *p)
{
	u32 index = buffer_index(cache, slab, p);

	return (const char *)p >= slab->s_mem && index < cache->num ?
	       buffer_at(cache, slab, index) : NULL;
}

/* --- looking at all of a cache --- */

/*
 * Every buffer and each slab's books; reports and repairs what is wrong. How
 * many reports. Nobody may use the cache meanwhile.
 */
u32 kmem_cache_verify(struct kmem_cache *cache);

/* --- between slab_debug.c, slab_books.c and slab_error.c --- */

/* Is the buffer as one in use (or free) must be? Reports, repairs. when: the
 * words behind "seen when it was". How many reports. */
u32 slab_check_buffer(struct kmem_cache *cache, void *buffer, bool free,
		      const char *when);

/* Buffers whose bit says that they are free. */
u32 slab_free_bits(const struct kmem_cache *cache, const struct slab *slab);

/*
 * Do inuse and the bits of a slab agree? If not: reports, makes them agree with
 * what the buffers say of themselves and returns false. self is just changing
 * hands: its bit stays; NULL: nobody uses the cache, and each buffer is asked
 * in any case. Takes the node's lock; the slab is on one of its lists.
 */
bool slab_books_agree(struct kmem_cache *cache, struct slab *slab,
		      const void *self);

/* The red zones' word: is the buffer in use? Sure of it only if both say so. */
bool buffer_says_used(const struct kmem_cache *cache, const void *buffer);
bool buffer_says_free(const struct kmem_cache *cache, const void *buffer);

/* One of the two; nothing if that never was, or is not kept. */
void slab_print_track(const struct kmem_cache *cache, const void *buffer,
		      enum track which);

/* The first line of a report, and the count. */
__format_printf(4, 0) void slab_report_head(enum slab_error class,
					    const struct kmem_cache *cache,
					    const void *object,
					    const char *fmt, va_list args);

/* The lines that end it: where the object is, who had it. */
void slab_report_object(const struct kmem_cache *cache, const void *object);

#endif
