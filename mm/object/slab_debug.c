/*
 * Watched objects.
 *
 * 1. What a buffer of a watched cache holds (o: cache->offset, r: red_word_at,
 *    t: tracks_at, e: the end of the tracks):
 *
 *	0 .. o		the left red zone: o is 4, or the cache's alignment
 *	o .. o + n	the object, of which n bytes were asked for
 *	o + n .. r + 4	the right red zone: what is left of the object's place
 *			and one word behind it
 *	r + 4		n, mixed so that what overwrites it is seen
 *	t .. e		who allocated it last, who freed it last
 *	e .. size	filled with 0x5a
 *
 * 2. States. Zones are filled with the bytes of one word; poison with one byte,
 *    and another for the last.
 *
 *			in use			free
 *	red zones	RED_ACTIVE		RED_INACTIVE
 *	object		its owner's		0x6b ... 0xa5
 *	n		as asked for		the object's size
 *
 *    A new owner finds 0x5a ... 0xa5: what uses memory that it never wrote to
 *    meets the same value each time.
 *
 * 3. When it is looked at: a free buffer when it is handed out, and when its
 *    slab goes; one in use when it is freed or changes its size. What differs
 *    is reported once for each class, repaired, and the buffer goes its way.
 *    A free that must not be is refused: the object stays as it is.
 *
 * 4. The books (bits, inuse) of its slab are counted each time, too:
 *    slab_books.c.
 *
 * 5. A buffer that would be too large for any slab with all this keeps poison
 *    alone, which takes no room: the largest class of kmalloc().
 *
 * Cost: 1000 instructions a change of hands, and 20 for each word of the
 * object.
 */
#include <boot/sections.h>
#include <kernel/base/debug.h>
#include <kernel/base/fail.h>
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <kernel/base/trace.h>
#include <kernel/lib/string.h>
#include <mm/object/kmalloc.h>
#include <mm/object/slab_debug.h>

/* guessed: no byte of the product stands for one of the size, and so hardly
 * anything that is written there is a size that can be */
#define SIZE_MIX 0x5eb0c0deU
#define SIZE_FACTOR 0x9e3779b1U
#define SIZE_INVERSE 0x0e8b2f51U /* derived: of the factor, mod 2^32 */
#define FILLED(byte) ((byte) * 0x01010101U)
#define BYTES_SHOWN 16U		/* guessed: a line */
#define STRETCHES 5

/* Bytes of a buffer that must have certain values. */
struct stretch {
	enum slab_error class;	/* what it is if they have not */
	u32 begin, end;
	u32 pattern;		/* repeated, from a multiple of 4 */
};

/* --- failures on purpose --- */

static void fail_slab_changed(void);

static FAIL_POINT(fail_slab, "slab", fail_slab_changed);

/* Who must be asked each time may not take from the CPU's stack. */
static void fail_slab_changed(void)
{
	slab_set_long_way(fail_slab.active);
}

bool slab_fails(gfp_t gfp)
{
	return !(gfp & __GFP_NOFAIL) && fail_now(&fail_slab);
}

/* --- the layout --- */

void slab_debug_prepare(struct kmem_cache *cache)
{
	u32 size = cache->size, left;

	if (debug_slab_wants(cache->name))
		cache->flags |= SLAB_DEBUG_FLAGS;
	if (cache->flags & SLAB_RED_ZONE) {
		left = ALIGN((u32)sizeof(u32), cache->align);
		cache->offset = left;
		size += left + 8;
	}
	if (cache->flags & SLAB_STORE_USER)
		size += NR_TRACKS * (u32)sizeof(struct slab_track);
	if (size > KMALLOC_MAX_CLASS) {
		cache->flags &= ~(SLAB_RED_ZONE | SLAB_STORE_USER);
		cache->offset = 0;
		return;
	}
	cache->size = ALIGN(size, (u32)sizeof(void *));
}

static u32 tracks_end(const struct kmem_cache *cache)
{
	return tracks_at(cache) + (cache->flags & SLAB_STORE_USER ?
	       NR_TRACKS * (u32)sizeof(struct slab_track) : 0);
}

/* The word with the size; false: it was overwritten, *size is the largest. */
static bool read_size(const struct kmem_cache *cache, const void *buffer,
		      u32 *size)
{
	*size = cache->object_size;
	if (cache->flags & SLAB_RED_ZONE)
		*size = (*word_at(buffer, red_word_at(cache) + 4) ^ SIZE_MIX) *
			SIZE_INVERSE;
	if (*size <= cache->object_size)
		return true;
	*size = cache->object_size;
	return false;
}

static void write_size(const struct kmem_cache *cache, void *buffer, u32 size)
{
	if (cache->flags & SLAB_RED_ZONE)
		*word_at(buffer, red_word_at(cache) + 4) =
			size * SIZE_FACTOR ^ SIZE_MIX;
}

/* --- stretches --- */

static u8 byte_of(const struct stretch *s, u32 offset)
{
	return (u8)(s->pattern >> offset % 4 * 8);
}

static void fill(void *buffer, const struct stretch *s)
{
	u32 at;

	for (at = s->begin; at < s->end; at++)
		((u8 *)buffer)[at] = byte_of(s, at);
}

/* The first byte that differs, or the end. */
static u32 first_difference(const u8 *buffer, const struct stretch *s)
{
	u32 at = s->begin;

	while (at < s->end) {
		if (at % 4 == 0 && s->end - at >= 4 &&
		    *word_at(buffer, at) == s->pattern)
			at += 4;
		else if (buffer[at] == byte_of(s, at))
			at++;
		else
			break;
	}
	return at;
}

/* What must be where in a buffer; size: of it, asked for. How many. */
static u32 stretches(const struct kmem_cache *cache, bool free, u32 size,
		     struct stretch *s)
{
	u32 o = cache->offset, end = o + cache->object_size, n = 0;
	u32 red = free ? RED_INACTIVE : RED_ACTIVE;

	if (cache->flags & SLAB_RED_ZONE) {
		s[n++] = (struct stretch){ SLAB_UNDERRUN, 0, o, red };
		s[n++] = (struct stretch){ SLAB_OVERRUN, o + size,
					   red_word_at(cache) + 4, red };
		s[n++] = (struct stretch){ SLAB_OVERRUN, tracks_end(cache),
					   cache->size, FILLED(POISON_INUSE) };
	}
	if (free && cache->flags & SLAB_POISON) {
		s[n++] = (struct stretch){ SLAB_WRITE_AFTER_FREE, o, end - 1,
					   FILLED(POISON_FREE) };
		s[n++] = (struct stretch){ SLAB_WRITE_AFTER_FREE, end - 1, end,
					   FILLED(POISON_END) };
	}
	return n;
}

/* All that must be somewhere is put there. */
static void fill_zones(const struct kmem_cache *cache, void *buffer, bool free,
		       u32 size)
{
	struct stretch s[STRETCHES];
	u32 n = stretches(cache, free, size, s);

	write_size(cache, buffer, size);
	while (n--)
		fill(buffer, &s[n]);
}

/* --- looking --- */

__format_printf(4, 5) static void report_head(enum slab_error class,
					      const struct kmem_cache *cache,
					      const void *object,
					      const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	slab_report_head(class, cache, object, fmt, args);
	va_end(args);
}

/* What was expected and what is there from the first difference on. */
static void print_difference(const struct kmem_cache *cache, const u8 *buffer,
			     const struct stretch *s, u32 at)
{
	u32 n = min(s->end - at, BYTES_SHOWN), i;

	printk("  from its byte %d on expected", (s32)(at - cache->offset));
	for (i = at; i < at + n; i++)
		printk(" %02x", byte_of(s, i));
	printk("\n  found");
	for (i = at; i < at + n; i++)
		printk(" %02x", buffer[i]);
	printk("\n");
}

static void report_damage(struct kmem_cache *cache, const u8 *buffer,
			  const struct stretch *s, u32 at, u32 size,
			  const char *when)
{
	const void *object = buffer + cache->offset;

	if (s->class == SLAB_OVERRUN)
		report_head(s->class, cache, object, "something was written "
			    "behind its %u bytes, seen when it was %s", size,
			    when);
	else
		report_head(s->class, cache, object, "%s, seen when it was %s",
			    s->class == SLAB_UNDERRUN ?
			    "something was written before it" :
			    "it was written after it was freed", when);
	print_difference(cache, buffer, s, at);
	slab_report_object(cache, object);
}

u32 slab_check_buffer(struct kmem_cache *cache, void *buffer, bool free,
		      const char *when)
{
	struct stretch s[STRETCHES];
	u32 n, i, at, size, seen = 0, reports = 0;
	bool good_size = read_size(cache, buffer, &size);

	n = stretches(cache, free, size, s);
	for (i = 0; i < n; i++) {
		at = first_difference(buffer, &s[i]);
		if (at == s[i].end)
			continue;
		if (!(seen & 1U << s[i].class)) {
			report_damage(cache, buffer, &s[i], at, size, when);
			reports++;
		}
		seen |= 1U << s[i].class;
		fill(buffer, &s[i]);
	}
	if (good_size)
		return reports;
	write_size(cache, buffer, size);
	if (seen & 1U << SLAB_OVERRUN)
		return reports;
	slab_report(SLAB_OVERRUN, cache, (char *)buffer + cache->offset,
		    "its size was overwritten, seen when it was %s", when);
	return reports + 1;
}

/* Which of the two zones is asked: the words next to the object. */
static bool both_say(const struct kmem_cache *cache, const void *buffer,
		     u32 red)
{
	return cache->flags & SLAB_RED_ZONE &&
	       *word_at(buffer, cache->offset - 4) == red &&
	       *word_at(buffer, red_word_at(cache)) == red;
}

bool buffer_says_used(const struct kmem_cache *cache, const void *buffer)
{
	return both_say(cache, buffer, RED_ACTIVE);
}

bool buffer_says_free(const struct kmem_cache *cache, const void *buffer)
{
	return both_say(cache, buffer, RED_INACTIVE);
}

/* --- who had it --- */

/* The way to the call of slab_alloc() and the like is nobody's business. */
static bool in_allocator(u32 eip)
{
	return eip - (u32)(uintptr_t)__object_text_start <
	       (u32)(__object_text_end - __object_text_start);
}

/*
 * site: where the call returns to. The frames on the way there are left out;
 * the one of the caller itself may be missing, as the shortest ways make none.
 */
static void note_track(struct slab_track *track, u32 site)
{
	u32 entry[TRACK_DEPTH + 6];	/* guessed: as deep as mm/object is */
	u32 n = trace_stack(entry, ARRAY_SIZE(entry)), i = 0, k = 0;
	u64 now = trace_time();

	while (i < n && in_allocator(entry[i]))
		i++;
	memset(track, 0, sizeof(*track));
	if (!in_allocator(site) && (i == n || entry[i] != site))
		track->entry[k++] = site;
	while (i < n && k < TRACK_DEPTH)
		track->entry[k++] = entry[i++];
	track->time[0] = (u32)now;
	track->time[1] = (u32)(now >> 32);
}

void slab_print_track(const struct kmem_cache *cache, const void *buffer,
		      enum track which)
{
	const struct slab_track *track = track_of(cache, buffer, which);
	u64 then;
	u32 i;

	if (!track || !track->entry[0])
		return;
	then = (u64)track->time[1] << 32 | track->time[0];
	printk("  last %s %llu ticks ago:\n",
	       which == TRACK_ALLOC ? "allocated" : "freed",
	       trace_time() - then);
	for (i = 0; i < TRACK_DEPTH && track->entry[i]; i++)
		trace_print(track->entry[i]);
}

void slab_print_tracks(const struct kmem_cache *cache, const void *buffer)
{
	slab_print_track(cache, buffer, TRACK_ALLOC);
	slab_print_track(cache, buffer, TRACK_FREE);
}

/* --- the changes of hands --- */

void slab_debug_new_slab(struct kmem_cache *cache, struct slab *slab)
{
	u32 i;

	for (i = 0; i < cache->num; i++) {
		void *buffer = buffer_at(cache, slab, i);

		if (cache->flags & SLAB_STORE_USER)
			memset(track_of(cache, buffer, TRACK_ALLOC), 0,
			       NR_TRACKS * sizeof(struct slab_track));
		fill_zones(cache, buffer, true, cache->object_size);
	}
}

/* What a new owner finds. */
static void fill_unused(const struct kmem_cache *cache, void *buffer, u32 from)
{
	u8 *object = (u8 *)buffer + cache->offset;

	if (!(cache->flags & SLAB_POISON))
		return;
	memset(object + from, POISON_INUSE, cache->object_size - from);
	object[cache->object_size - 1] = POISON_END;
}

bool slab_debug_alloc(struct kmem_cache *cache, void *buffer, u32 size,
		      gfp_t gfp, u32 site)
{
	struct slab *slab = page_slab(virt_to_page(buffer));
	bool used = buffer_says_used(cache, buffer);

	/* kmalloc(0) is an object all the same: ksize() 0 is none */
	size = max(size, 1U);
	/* free by its bit, in use by itself: then the bit was wrong */
	if (!slab_books_agree(cache, slab, buffer) && used)
		return false;
	slab_check_buffer(cache, buffer, true, "allocated");
	fill_unused(cache, buffer, 0);
	fill_zones(cache, buffer, false, size);
	if (cache->flags & SLAB_STORE_USER)
		note_track(track_of(cache, buffer, TRACK_ALLOC), site);
	return true;
}

bool slab_debug_free(struct kmem_cache *cache, void *buffer, u32 site)
{
	void *object = (char *)buffer + cache->offset;

	/* first the books: a wrong bit would make it a double free */
	slab_books_agree(cache, page_slab(virt_to_page(object)), buffer);
	if (slab_bad_free(cache, object, site))
		return false;
	slab_check_buffer(cache, buffer, false, "freed");
	if (cache->flags & SLAB_STORE_USER)
		note_track(track_of(cache, buffer, TRACK_FREE), site);
	fill_zones(cache, buffer, true, cache->object_size);
	return true;
}

void slab_debug_old_slab(struct kmem_cache *cache, struct slab *slab)
{
	u32 i, free = slab_free_bits(cache, slab);

	if (free != cache->num)
		slab_report(SLAB_BAD_BOOKS, cache, slab->s_mem, "a slab "
			    "without objects in use has %u of %u free", free,
			    cache->num);
	for (i = 0; i < cache->num; i++)
		if (buffer_is_free(slab, i))
			slab_check_buffer(cache, buffer_at(cache, slab, i),
					  true, "given back with its slab");
}

/* --- sizes --- */

void slab_debug_set_size(struct kmem_cache *cache, void *object, u32 size)
{
	void *buffer = (char *)object - cache->offset;
	u32 old;

	size = max(size, 1U);
	slab_check_buffer(cache, buffer, false, "resized");
	read_size(cache, buffer, &old);
	if (size > old)
		fill_unused(cache, buffer, old);
	fill_zones(cache, buffer, false, size);
}

u32 slab_debug_get_size(struct kmem_cache *cache, const void *object)
{
	u32 size;

	read_size(cache, (const char *)object - cache->offset, &size);
	return size;
}
