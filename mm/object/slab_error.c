/*
 * Reports of mistakes with objects.
 *
 * A report is one line with the class of the mistake, the cache that the object
 * really belongs to and the object, then lines that say where it lies and who
 * had it. It is counted in slab_errors[], by class. Nothing is believed that
 * can be looked up: the cache is that of the page, the object the one around
 * the address.
 *
 * Any lock may be held but printk's, and interrupts may be off.
 */
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <kernel/lib/printf.h>
#include <mm/object/kmalloc.h>
#include <mm/object/slab_debug.h>

#define SENTENCE 160		/* guessed: with a long symbol */
#define LEAKS_SHOWN 16U		/* guessed: as many as a screen holds */

static const char *const names[NR_SLAB_ERRORS] = {
	[SLAB_DOUBLE_FREE] = "double free",
	[SLAB_WRONG_CACHE] = "wrong cache",
	[SLAB_INSIDE_OBJECT] = "inside of an object",
	[SLAB_NO_OBJECT] = "no object",
	[SLAB_OVERRUN] = "overrun",
	[SLAB_UNDERRUN] = "underrun",
	[SLAB_WRITE_AFTER_FREE] = "write after free",
	[SLAB_BAD_BOOKS] = "bad books",
	[SLAB_LEAK] = "leak",
};

static u32 addr_of(const void *p)
{
	return (u32)(uintptr_t)p;
}

void slab_report_head(enum slab_error class, const struct kmem_cache *cache,
		      const void *object, const char *fmt, va_list args)
{
	char text[SENTENCE];

	__atomic_fetch_add(&slab_errors[class], 1, __ATOMIC_RELAXED);
	vsnprintf(text, sizeof(text), fmt, args);
	pr_err("slab error: %s: cache %s, object %08x: %s\n", names[class],
	       cache ? cache->name : "none", addr_of(object), text);
}

/* The state of a buffer, and how far it and its slab reach. */
static void print_place(const struct kmem_cache *cache, const void *buffer,
			const struct slab *slab)
{
	u32 index = buffer_index(cache, slab, buffer);

	printk("  object %u of %u of a slab, at %08x, %u bytes; %s",
	       index, cache->num, addr_of(buffer) + cache->offset,
	       cache->object_size,
	       buffer_is_free(slab, index) ? "free" : "in use");
	if (cache->offset)
		printk("; its buffer is %08x-%08x", addr_of(buffer),
		       addr_of(buffer) + cache->size - 1);
	printk("\n");
}

void slab_report_object(const struct kmem_cache *cache, const void *object)
{
	const struct page *page = slab_page(object);
	const void *buffer;

	if (!page || page_cache(page) != cache)
		return;
	buffer = buffer_around(cache, page_slab(page), object);
	if (!buffer)
		return;
	print_place(cache, buffer, page_slab(page));
	slab_print_tracks(cache, buffer);
}

void slab_report(enum slab_error class, const struct kmem_cache *cache,
		 const void *object, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	slab_report_head(class, cache, object, fmt, args);
	va_end(args);
	/* books are the slab's, whoever has the object */
	if (cache && class != SLAB_BAD_BOOKS)
		slab_report_object(cache, object);
}

/* --- what must not be freed --- */

/* An address that is in no slab: what is there instead? */
static const char *what_is_at(const void *p)
{
	struct page *page, *block;

	if (addr_of(p) < PAGE_OFFSET)
		return "no address of the kernel";
	if (!virt_addr_valid(p))
		return "not in the direct map";
	page = virt_to_page(p);
	if (PageReserved(page))
		return "reserved: the kernel's image, or what it keeps";
	block = page_block(page);
	if (!block || PageBuddy(block) || page_count(block) <= 0)
		return "a free page";
	if (kmalloc_large_page(page_address(block)))
		return p == page_address(block) ? "a block of kmalloc()" :
						  "inside a block of kmalloc()";
	return "a page that has another owner";
}

/* "freed by foo+0x12/0x34"; drained: from a CPU's stack, the site is lost. */
static const char *freed_by(u32 site, char *buf)
{
	char symbol[SYMBOL_TEXT];

	if (site)
		snprintf(buf, SENTENCE, "freed by %s",
			 symbol_text(site, symbol));
	else
		snprintf(buf, SENTENCE, "seen when a CPU's stack was drained");
	return buf;
}

bool slab_bad_free(struct kmem_cache *cache, const void *object, u32 site)
{
	struct page *page = slab_page(object);
	struct kmem_cache *real = page ? page_cache(page) : NULL;
	const char *buffer;
	char by[SENTENCE];

	freed_by(site, by);
	if (!page) {
		slab_report(SLAB_NO_OBJECT, NULL, object, "%s; it is %s", by,
			    what_is_at(object));
		return true;
	}
	if (cache && real != cache) {
		slab_report(SLAB_WRONG_CACHE, real, object, "%s to the cache "
			    "%s", by, cache->name);
		return true;
	}
	buffer = buffer_around(real, page_slab(page), object);
	if (!buffer)
		slab_report(SLAB_NO_OBJECT, real, object, "%s; it is what a "
			    "slab keeps for itself", by);
	else if (buffer + real->offset != object)
		slab_report(SLAB_INSIDE_OBJECT, real, object, "%s; the object "
			    "begins %d bytes before", by,
			    (s32)(addr_of(object) - addr_of(buffer) -
				  real->offset));
	else if (buffer_is_free(page_slab(page),
				buffer_index(real, page_slab(page), buffer)))
		slab_report(SLAB_DOUBLE_FREE, real, object, "%s", by);
	else
		return false;
	return true;
}

bool slab_bad_size(struct kmem_cache *cache, const void *object)
{
	const struct slab *slab = page_slab(virt_to_page(object));
	const char *buffer = buffer_around(cache, slab, object);

	if (!buffer)
		slab_report(SLAB_NO_OBJECT, cache, object, "ksize() of it; it "
			    "is what a slab keeps for itself");
	else if (buffer + cache->offset != object)
		slab_report(SLAB_INSIDE_OBJECT, cache, object, "ksize() of it; "
			    "the object begins %d bytes before",
			    (s32)(addr_of(object) - addr_of(buffer) -
				  cache->offset));
	else if (buffer_is_free(slab, buffer_index(cache, slab, buffer)))
		slab_report(SLAB_NO_OBJECT, cache, object, "ksize() of it; it "
			    "is free");
	else
		return false;
	return true;
}

/* --- leaks --- */

struct leaks {
	u32 count;
	const void *first;
	u32 to_print;		/* of the objects that come */
};

static void leaks_of_slab(const struct kmem_cache *cache,
			  const struct slab *slab, struct leaks *leaks)
{
	u32 i;

	for (i = 0; i < cache->num; i++) {
		const char *buffer = buffer_at(cache, slab, i);

		if (buffer_is_free(slab, i))
			continue;
		if (!leaks->count++)
			leaks->first = buffer + cache->offset;
		if (!leaks->to_print)
			continue;
		leaks->to_print--;
		print_place(cache, buffer, slab);
		slab_print_track(cache, buffer, TRACK_ALLOC);
	}
}

/* Goes through all objects in use; prints the first ones of them. */
static void find_leaks(const struct kmem_cache *cache, u32 to_print,
		       struct leaks *leaks)
{
	struct kmem_node *node;
	const struct slab *slab;
	u32 i, flags;

	*leaks = (struct leaks){ .to_print = to_print };
	for_each_node_of(cache, node, i) {
		flags = spin_lock_irqsave(&node->lock);
		list_for_each_entry(slab, &node->full, list)
			leaks_of_slab(cache, slab, leaks);
		list_for_each_entry(slab, &node->partial, list)
			leaks_of_slab(cache, slab, leaks);
		spin_unlock_irqrestore(&node->lock, flags);
	}
}

__format_printf(3, 4) static void report_leak(const struct kmem_cache *cache,
					      const void *first,
					      const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	slab_report_head(SLAB_LEAK, cache, first, fmt, args);
	va_end(args);
}

void slab_report_leaks(struct kmem_cache *cache)
{
	struct leaks leaks;

	find_leaks(cache, 0, &leaks);
	report_leak(cache, leaks.first, "the first of %u that are in use, and "
		    "their cache was to be destroyed", leaks.count);
	find_leaks(cache, LEAKS_SHOWN, &leaks);
	if (leaks.count > LEAKS_SHOWN)
		printk("  ... and %u more\n", leaks.count - LEAKS_SHOWN);
}
