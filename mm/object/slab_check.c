/*
 * Caches recomputed from first principles: invariants a to d of slab.c.
 *
 * 1. Nothing is followed before it was looked at: is it an address in pages
 *    of slabs, which are mapped, and do those say that they hold what is
 *    expected there? So the check itself survives what it looks for.
 *
 * 2. Lists. Each link must point back to where the walk came from. A ring that
 *    does not lead back to its head has a link that does not.
 *
 * 3. What a cache's slabs look like is computed anew from size and alignment.
 *    If that differs nothing else of the cache can be told.
 *
 * 4. A slab: its pages, its first buffer and its colour agree; its bits
 *    say inuse, and that says the list.
 *
 * 5. What lies on a stack or in a shared array is a buffer in use, and stands
 *    there once. For that each one is marked as free while all are gone
 *    through, so that a second one is noticed without room to remember the
 *    first; then the marks are taken back. At the first difference the rest is
 *    left alone.
 *
 * Locks: kmem_caches_lock, and those of all nodes of a cache, as the marks are
 * nobody else's business. Management off slab is another cache's object: its
 * bit is read without that one's lock, and does not change, as it is in use.
 *
 * Cost: some 20 instructions for an object that is kept, 100 for a slab, 1000
 * for a cache.
 */
#include <kernel/lib/printf.h>
#include <mm/object/check.h>
#include <mm/object/internal.h>
#include <mm/object/kmalloc.h>

#define SENTENCE 128

struct check {
	struct kmem_cache *cache;
	check_report_t report;
	unsigned int differences;
	u32 slabs, free;	/* of the node, found so far */
};

__format_printf(2, 3) static void differs(struct check *c, const char *fmt,
					  ...)
{
	char text[SENTENCE];
	size_t at = 0;
	va_list args;

	c->differences++;
	if (!c->report)
		return;
	if (c->cache)
		at = (size_t)snprintf(text, sizeof(text), "cache %.*s: ",
				      KMEM_NAME_MAX - 1, c->cache->name);
	va_start(args, fmt);
	vsnprintf(text + at, sizeof(text) - at, fmt, args);
	va_end(args);
	c->report(text);
}

/* --- what may be read --- */

/* The element of a link that may be anything: a number until it was judged. */
#define ENTRY_OF(link, type, member)					\
	((type *)((uintptr_t)(link) - offsetof(type, member)))

/* Are all of these bytes in pages of slabs? size: up to a page. */
static bool in_slab_pages(const void *p, u32 size)
{
	uintptr_t last = (uintptr_t)p + size - 1;

	return IS_ALIGNED((uintptr_t)p, sizeof(u32)) && last > (uintptr_t)p &&
	       slab_page(p) && slab_page((void *)last);
}

/* May there be a slab's management? The geometry was found right. */
static bool slab_is_sound(const struct kmem_cache *cache,
			  const struct slab *slab)
{
	const struct page *page;

	if (!in_slab_pages(slab, cache->slab_bytes))
		return false;
	page = slab_page(slab);
	if (cache->flags & CACHE_OFF_SLAB)
		return page_cache(page) == cache->slab_cache;
	return page_cache(page) == cache && page_slab(page) == slab;
}

static bool cache_is_sound(const struct kmem_cache *cache)
{
	return IS_ALIGNED((uintptr_t)cache, CACHE_ALIGN) &&
	       slab_holds_cache(cache);
}

/* --- geometry --- */

static bool sizes_are_sound(const struct kmem_cache *cache)
{
	u32 align = cache->align;

	return align >= sizeof(u32) && !(align & (align - 1)) &&
	       align <= PAGE_SIZE && cache->size && !(cache->size % align) &&
	       cache->size <= 2 * KMALLOC_MAX_CLASS && cache->object_size &&
	       cache->offset <= cache->size &&
	       cache->object_size <= cache->size - cache->offset;
}

/* The name of what is not as sizes and flags make it; NULL: nothing. */
static const char *wrong_geometry(const struct kmem_cache *cache,
				  bool little_memory)
{
	struct kmem_cache fresh = {
		.size = cache->size, .align = cache->align,
		.flags = cache->flags & ~CACHE_OFF_SLAB,
	};

	if (!slab_geometry(&fresh, little_memory))
		return "size";
	if (fresh.num != cache->num || fresh.order != cache->order)
		return "number of objects and pages";
	if (fresh.flags != cache->flags ||
	    fresh.slab_bytes != cache->slab_bytes)
		return "place of its management";
	if (fresh.colours != cache->colours ||
	    fresh.colour_off != cache->colour_off)
		return "colours";
	return fresh.reciprocal == cache->reciprocal ? NULL : "reciprocal";
}

/* NULL: all that the walk over its slabs relies on is right. */
static const char *wrong_constants(const struct kmem_cache *cache)
{
	const char *wrong;

	if (!sizes_are_sound(cache))
		return "size, alignment or offset";
	/* memory may have become more since it was made */
	wrong = wrong_geometry(cache, false);
	if (wrong)
		wrong = wrong_geometry(cache, true) ? wrong : NULL;
	if (!wrong && cache->flags & CACHE_OFF_SLAB &&
	    cache->slab_cache !=
	    kmalloc_caches[0][kmalloc_class(cache->slab_bytes)])
		wrong = "cache of its management";
	return wrong;
}

static void check_limits(struct check *c)
{
	const struct kmem_cache *cache = c->cache;

	if (!cache->batch || cache->batch > cache->limit ||
	    cache->limit > CPU_STACK_MOST)
		differs(c, "batch %u and limit %u are none", cache->batch,
			cache->limit);
}

/* --- a slab --- */

/* The buffer of an address: false, it is none. From division alone. */
static bool find_buffer(const struct kmem_cache *cache, const void *object,
			struct slab **slab, u32 *index)
{
	const struct page *page = slab_page(object);
	u32 offset;

	if (!page || page_cache(page) != cache ||
	    !slab_is_sound(cache, page_slab(page)))
		return false;
	*slab = page_slab(page);
	offset = (u32)((uintptr_t)object - cache->offset -
		       (uintptr_t)(*slab)->s_mem);
	*index = offset / cache->size;
	return *index < cache->num && !(offset % cache->size);
}

static bool is_in_use(const struct kmem_cache *cache, const void *object)
{
	struct slab *slab;
	u32 index;

	return find_buffer(cache, object, &slab, &index) &&
	       !buffer_is_free(slab, index);
}

/* Bits that are 1; *beyond: of them from num on. */
static u32 count_bits(const struct kmem_cache *cache, const struct slab *slab,
		      u32 *beyond)
{
	u32 i, n = 0;

	*beyond = 0;
	for (i = 0; i < bits_words(cache->num); i++) {
		u32 bits = slab->bits[i], first = i * 32;

		for (; bits; bits &= bits - 1, n++)
			*beyond += first + (u32)__builtin_ctz(bits) >=
				   cache->num;
	}
	return n;
}

static void check_books(struct check *c, const struct slab *slab, u32 least,
			u32 most)
{
	u32 beyond, bits = count_bits(c->cache, slab, &beyond);

	if (slab->inuse < least || slab->inuse > most)
		differs(c, "slab %p with %u objects in use is on the list of "
			"%u to %u", slab, slab->inuse, least, most);
	if (slab->inuse + bits != c->cache->num)
		differs(c, "slab %p has %u in use and %u free of %u", slab,
			slab->inuse, bits, c->cache->num);
	if (beyond)
		differs(c, "slab %p has %u bits beyond its last object", slab,
			beyond);
	c->free += bits - beyond;
}

/* Where its pages begin, as its members say; NULL: they contradict. */
static struct page *pages_of(struct check *c, const struct slab *slab)
{
	const struct kmem_cache *cache = c->cache;
	bool off_slab = cache->flags & CACHE_OFF_SLAB;
	uintptr_t first = (uintptr_t)slab->s_mem, base;
	u32 bytes = (u32)PAGE_SIZE << cache->order;

	if (slab->colour % cache->colour_off ||
	    slab->colour / cache->colour_off >= cache->colours)
		differs(c, "slab %p has colour %u", slab, slab->colour);
	base = (off_slab ? first : (uintptr_t)slab) - slab->colour;
	if ((!off_slab && first != (uintptr_t)slab + cache->slab_bytes) ||
	    !IS_ALIGNED(base, bytes) || !virt_addr_valid((void *)base) ||
	    !virt_addr_valid((void *)(base + bytes - 1))) {
		differs(c, "slab %p has its first object at %p", slab,
			slab->s_mem);
		return NULL;
	}
	return virt_to_page((void *)base);
}

static void check_pages(struct check *c, const struct slab *slab, int nid)
{
	struct page *page = pages_of(c, slab), *end;
	uintptr_t tag = slab_tag(c->cache, nid);

	if (!page)
		return;
	if (page_order(page) != c->cache->order)
		differs(c, "slab %p has pages of order %u", slab,
			page_order(page));
	for (end = page + (1U << c->cache->order); page < end; page++)
		if (!PageSlab(page) || (uintptr_t)page->mapping != tag ||
		    page_slab(page) != slab || page_to_nid(page) != nid)
			differs(c, "frame %x of slab %p is marked %08x, %p, %p",
				page_to_pfn(page), slab, page->flags,
				page->mapping, page_slab(page));
}

/* --- a node --- */

/* All slabs of a list, that may have least to most objects in use. */
static void check_list(struct check *c, const struct list_head *head, int nid,
		       u32 least, u32 most)
{
	const struct list_head *from = head, *link = head->next;
	const struct kmem_cache *cache = c->cache;

	for (; link != head; from = link, link = link->next) {
		const struct slab *slab = ENTRY_OF(link, struct slab, list);

		if (!slab_is_sound(cache, slab) || link->prev != from) {
			differs(c, "the list of slabs with %u to %u in use is "
				"broken at %p", least, most, slab);
			return;
		}
		check_books(c, slab, least, most);
		check_pages(c, slab, nid);
		if (cache->flags & CACHE_OFF_SLAB &&
		    !is_in_use(cache->slab_cache, slab))
			differs(c, "slab %p stands in no object in use", slab);
		c->slabs++;
	}
	if (head->prev != from)
		differs(c, "the list of slabs with %u to %u in use ends at %p",
			least, most, head->prev);
}

/* false: it must not be read. */
static bool shared_is_sound(struct check *c, const struct kmem_node *node)
{
	const struct kmem_cache *cache = c->cache;
	u32 entries = cache->shared * cache->batch, bytes;
	const struct shared_array *shared = node->shared;

	if (!shared) {
		if (entries)
			differs(c, "there is no array for %u objects", entries);
		return false;
	}
	bytes = (u32)sizeof(*shared) + entries * (u32)sizeof(void *);
	if (!entries || entries > CPU_STACK_MOST * 64 ||
	    !in_slab_pages(shared, sizeof(*shared)) ||
	    page_cache(slab_page(shared)) !=
	    kmalloc_caches[0][kmalloc_class(bytes)]) {
		differs(c, "shared array %p is none for %u objects", shared,
			entries);
		return false;
	}
	if (shared->limit != entries || shared->count > shared->limit) {
		differs(c, "shared array %p has %u of %u objects, not of %u",
			shared, shared->count, shared->limit, entries);
		return false;
	}
	return true;
}

static void check_node(struct check *c, const struct kmem_node *node, int nid)
{
	u32 num = c->cache->num;

	c->slabs = c->free = 0;
	check_list(c, &node->free, nid, 0, 0);
	/* a cache with one object a slab has no list of these */
	check_list(c, &node->partial, nid, 1, num - 1);
	check_list(c, &node->full, nid, num, num);
	if (c->slabs != node->nr_slabs)
		differs(c, "node %d has %u slabs, %u are counted", nid,
			c->slabs, node->nr_slabs);
	if (c->free != node->free_objects)
		differs(c, "node %d has %u objects free, %u are counted", nid,
			c->free, node->free_objects);
	if (node->colour_next >= c->cache->colours)
		differs(c, "node %d: the next colour is %u of %u", nid,
			node->colour_next, c->cache->colours);
}

/* --- what is kept for CPUs --- */

/* false: its entries must not be read. */
static bool stack_is_sound(struct check *c, unsigned int cpu)
{
	const struct cpu_stack *stack = &c->cache->cpu[cpu];

	if (stack->tag != slab_tag(c->cache,
				   home_node(c->cache, cpu_to_node[cpu])))
		differs(c, "the stack of CPU %u has tag %x", cpu,
			(u32)stack->tag);
	if (stack->limit != stack_limit(c->cache))
		differs(c, "the stack of CPU %u has limit %u, not %u", cpu,
			stack->limit, stack_limit(c->cache));
	if (stack->count <= stack_limit(c->cache))
		return true;
	differs(c, "the stack of CPU %u has %u objects, above %u", cpu,
		stack->count, stack_limit(c->cache));
	return false;
}

/* The n-th of all that is kept, stack after stack; false: there is none. */
static bool kept_object(const struct kmem_cache *cache, u32 n, void **object)
{
	const struct kmem_node *node;
	unsigned int cpu;
	u32 i;

	for_each_cpu(cpu) {
		if (n < cache->cpu[cpu].count) {
			*object = cache->cpu[cpu].entry[n];
			return true;
		}
		n -= cache->cpu[cpu].count;
	}
	for_each_node_of(cache, node, i) {
		if (!node->shared)
			continue;
		if (n < node->shared->count) {
			*object = node->shared->entry[n];
			return true;
		}
		n -= node->shared->count;
	}
	return false;
}

static bool stands_before(const struct kmem_cache *cache, const void *object,
			  u32 n)
{
	void *other;

	while (n--)
		if (kept_object(cache, n, &other) && other == object)
			return true;
	return false;
}

/* Takes back the marks of the first n. */
static void unmark(const struct kmem_cache *cache, u32 n)
{
	struct slab *slab;
	void *object;
	u32 index;

	while (n--)
		if (kept_object(cache, n, &object) &&
		    find_buffer(cache, object, &slab, &index))
			slab->bits[index / 32] &= ~(1U << index % 32);
}

static void check_kept(struct check *c)
{
	const struct kmem_cache *cache = c->cache;
	struct slab *slab;
	void *object;
	u32 n, index;

	for (n = 0; kept_object(cache, n, &object); n++) {
		if (!find_buffer(cache, object, &slab, &index)) {
			differs(c, "%p is kept, and no object of it", object);
			break;
		}
		if (buffer_is_free(slab, index)) {
			differs(c, "object %p is kept %s", object,
				stands_before(cache, object, n) ? "twice" :
				"and free");
			break;
		}
		slab->bits[index / 32] |= 1U << index % 32;
	}
	unmark(cache, n);
}

/* --- a cache --- */

static bool nodes_are_sound(struct check *c)
{
	unsigned int i;

	for (i = 0; i < MAX_NUMNODES; i++) {
		const struct kmem_node *node = c->cache->node[i];

		if (i < machine_nodes.nr ? !slab_holds_node(node) : !!node) {
			differs(c, "its part for node %u is %p", i, node);
			return false;
		}
	}
	return true;
}

/* The locks are held. */
static void check_contents(struct check *c)
{
	struct kmem_node *node;
	bool sound = true;
	unsigned int cpu;
	u32 i;

	for_each_node_of(c->cache, node, i) {
		check_node(c, node, (int)i);
		if (node->shared || c->cache->shared)
			sound &= shared_is_sound(c, node);
	}
	for_each_cpu(cpu)
		sound &= stack_is_sound(c, cpu);
	if (sound)
		check_kept(c);
}

static void check_one(struct check *c)
{
	struct kmem_cache *cache = c->cache;
	const char *wrong = wrong_constants(cache);
	struct kmem_node *node;
	u32 i;

	/* what the objects of its management look like is needed, too */
	if (!wrong && cache->flags & CACHE_OFF_SLAB &&
	    wrong_constants(cache->slab_cache))
		wrong = "cache of its management";
	if (wrong) {
		differs(c, "its %s is wrong", wrong);
		return;
	}
	check_limits(c);
	if (!nodes_are_sound(c))
		return;
	for_each_node_of(cache, node, i)
		spin_lock(&node->lock);
	check_contents(c);
	for_each_node_of(cache, node, i)
		spin_unlock(&node->lock);
}

unsigned int check_cache(struct kmem_cache *cache, check_report_t report)
{
	struct check c = { .cache = cache, .report = report };
	u32 flags = spin_lock_irqsave(&kmem_caches_lock);

	check_one(&c);
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	return c.differences;
}

/* --- all caches --- */

/*
 * The next of the list of caches, from *from on (at first NULL); NULL: that was
 * the last, or the list is broken (*broken).
 */
static struct kmem_cache *next_cache(struct kmem_cache *from, bool *broken)
{
	struct list_head *at = from ? &from->next : &kmem_caches;
	struct list_head *link = at->next;
	struct kmem_cache *cache = ENTRY_OF(link, struct kmem_cache, next);

	*broken = false;
	if (link == &kmem_caches) {
		*broken = link->prev != at;
		return NULL;
	}
	if (cache_is_sound(cache) && link->prev == at)
		return cache;
	*broken = true;
	return NULL;
}

unsigned int check_caches(check_report_t report)
{
	struct check c = { .report = report };
	u32 flags = spin_lock_irqsave(&kmem_caches_lock);
	struct kmem_cache *cache = NULL;
	bool broken;

	while ((cache = next_cache(cache, &broken))) {
		c.cache = cache;
		check_one(&c);
	}
	c.cache = NULL;
	if (broken)
		differs(&c, "the list of caches is broken");
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	return c.differences;
}

/* Pages of slabs, as the caches count them. kmem_caches_lock is held. */
static u32 counted_pages(void)
{
	struct kmem_cache *cache = NULL;
	struct kmem_node *node;
	u32 i, pages = 0;
	bool broken;

	while ((cache = next_cache(cache, &broken)))
		for_each_node_of(cache, node, i)
			if (slab_holds_node(node))
				pages += node->nr_slabs << cache->order % 32;
	return pages;
}

static bool is_on_list(const struct kmem_cache *wanted)
{
	struct kmem_cache *cache = NULL;
	bool broken;

	while ((cache = next_cache(cache, &broken)) && cache != wanted)
		;
	return cache;
}

/* Pages of slabs in a zone; each that is of no cache is named, if wanted. */
static u32 marked_pages(struct check *c, struct zone *zone, bool name_them)
{
	u32 pfn = zone->zone_start_pfn, end = pfn + zone->spanned_pages;
	u32 pages = 0;

	for (; pfn < end; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (!PageSlab(page) || page_zone(page) != zone)
			continue;
		pages++;
		if (name_them && !is_on_list(page_cache(page)))
			differs(c, "frame %x is a slab's, of no cache", pfn);
	}
	return pages;
}

unsigned int check_cache_pages(check_report_t report)
{
	struct check c = { .report = report };
	u32 flags = spin_lock_irqsave(&kmem_caches_lock);
	u32 marked = 0, counted = counted_pages();
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(&machine_nodes, zone, i)
		marked += marked_pages(&c, zone, false);
	if (marked != counted) {
		differs(&c, "%u pages are slabs', caches count %u", marked,
			counted);
		for_each_zone_of(&machine_nodes, zone, i)
			marked_pages(&c, zone, true);
	}
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	return c.differences;
}
