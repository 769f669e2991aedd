#include "objects.h"

#define GRANULE 8U		/* no object is smaller, or lies otherwise */
#define ARENA_MOST (256U << 20)

/* By granule: handed out; found on a stack, while that is looked at. */
enum { OUT = 1, STACKED = 2 };
static u8 *granule;

void host_boot_objects(u32 mb, unsigned int nodes, u32 debug)
{
	struct host_machine m;

	MUST((u64)mb * HOST_MB <= ARENA_MOST);
	host_simple_machine(&m, 0);
	m.lowmem = mb << 20;
	m.ram[0].size = mb * HOST_MB;
	m.nodes = nodes;
	m.debug = debug;
	host_boot(&m);
	MUST(machine_nodes.nr == nodes);
	free(granule);
	granule = calloc(m.lowmem / GRANULE, 1);
	MUST(granule);
	kmem_cache_init();
	host_check_objects();
}

/* --- bytes --- */

static u8 *granule_of(const void *p)
{
	MUST(virt_addr_valid(p));
	return granule + __pa(p) / GRANULE;
}

static u32 granules(u32 size)
{
	return (size + GRANULE - 1) / GRANULE;
}

void host_out(const void *p, u32 size, u32 align)
{
	u8 *g = granule_of(p);

	MUST(IS_ALIGNED((uintptr_t)p, max(align, GRANULE)));
	MUST(virt_addr_valid((const char *)p + size - 1));
	if (memchr(g, OUT, granules(size)))
		host_die("%p of %u bytes is handed out twice", p, size);
	memset(g, OUT, granules(size));
}

void host_back(const void *p, u32 size)
{
	u8 *g = granule_of(p);

	MUST(!memchr(g, 0, granules(size)));
	memset(g, 0, granules(size));
}

bool host_is_out(const void *p)
{
	return *granule_of(p) == OUT;
}

/* Words at these distances are written: all of a small object, 64 of others. */
static u32 stride(u32 size)
{
	return max(ALIGN(size / 64, 4U), 4U);
}

static u32 word_of(u32 mark, u32 at)
{
	return (mark ^ at) * 0x9e3779b1U + mark;
}

void host_fill(void *p, u32 size, u32 mark)
{
	u32 at, step = stride(size), word;

	for (at = 0; at + 4 <= size; at += step) {
		word = word_of(mark, at);
		memcpy((char *)p + at, &word, 4);
	}
	/* the last bytes: those that a neighbour overwrites */
	for (at = size & ~3U; at < size; at++)
		((u8 *)p)[at] = (u8)word_of(mark, at);
}

void host_must_hold(const void *p, u32 size, u32 mark)
{
	u32 at, step = stride(size), word;

	for (at = 0; at + 4 <= size; at += step) {
		memcpy(&word, (const char *)p + at, 4);
		if (word != word_of(mark, at))
			host_die("%p: byte %u of %u is somebody else's", p, at,
				 size);
	}
	for (at = size & ~3U; at < size; at++)
		MUST(((const u8 *)p)[at] == (u8)word_of(mark, at));
}

/* --- objects --- */

static void must_be_all(const u8 *p, u32 size, u8 byte)
{
	u32 i;

	for (i = 0; i < size; i++)
		if (p[i] != byte)
			host_die("%p: byte %u is %#x, not %#x", p, i, p[i],
				 byte);
}

void host_object_out(struct host_cache *c, void *p, bool zeroed)
{
	static u32 marks;
	struct host_object *object;
	struct page *page;

	/* an interrupt in here would find the list half done */
	MUST(c->nr < c->most);
	page = slab_page(p);
	MUST(page && page_cache(page) == c->cache);
	MUST(page->mapping == (void *)slab_tag(c->cache, page_to_nid(page)));
	if (c->flags & SLAB_CACHE_DMA)
		MUST(__pa((char *)p + c->size - 1) < MAX_DMA_PFN * PAGE_SIZE);
	host_out(p, c->size, c->align);
	if (c->ctor)
		must_be_all(p, c->size, HOST_CTOR_BYTE);
	if (zeroed)
		must_be_all(p, c->size, 0);
	object = &c->object[c->nr++];
	object->at = p;
	object->size = c->size;
	object->mark = ++marks;
	host_fill(p, object->size, object->mark);
}

void *host_object_back(struct host_cache *c, u32 index)
{
	struct host_object object;

	MUST(index < c->nr);
	object = c->object[index];
	c->object[index] = c->object[--c->nr];
	host_must_hold(object.at, object.size, object.mark);
	host_back(object.at, c->size);
	/* not by the constructor, which counts how often it runs */
	if (c->ctor)
		memset(object.at, HOST_CTOR_BYTE, c->size);
	return object.at;
}

void host_objects_hold(const struct host_cache *c)
{
	u32 i;

	for (i = 0; i < c->nr; i++)
		host_must_hold(c->object[i].at, c->object[i].size,
			       c->object[i].mark);
}

/* --- the books --- */

static char *first_byte(const struct kmem_cache *cache,
			const struct slab *slab)
{
	if (cache->flags & CACHE_OFF_SLAB)
		return slab->s_mem - slab->colour;
	MUST(slab->s_mem == (const char *)slab + cache->slab_bytes);
	return (char *)(uintptr_t)slab - slab->colour;
}

static void check_slab_pages(const struct kmem_cache *cache, int nid,
			     const struct slab *slab)
{
	char *first = first_byte(cache, slab);
	u32 bytes = (u32)PAGE_SIZE << cache->order, at;

	MUST(IS_ALIGNED((uintptr_t)first, PAGE_SIZE));
	MUST(slab->colour % cache->colour_off == 0);
	MUST(slab->colour / cache->colour_off < cache->colours);
	MUST(slab->s_mem + cache->num * cache->size <= first + bytes);
	for (at = 0; at < bytes; at += PAGE_SIZE) {
		const struct page *page = virt_to_page(first + at);

		MUST(PageSlab(page) && page_slab(page) == slab);
		MUST(page->mapping == (void *)slab_tag(cache, nid));
		MUST(page_to_nid(page) == nid);
	}
}

/* The free buffers of a slab. */
static u32 check_slab(const struct kmem_cache *cache, int nid,
		      const struct slab *slab)
{
	u32 i, words = bits_words(cache->num), nr = 0;

	check_slab_pages(cache, nid, slab);
	for (i = 0; i < words * 32; i++)
		if (buffer_is_free(slab, i)) {
			MUST(i < cache->num);
			MUST(!host_is_out((char *)buffer_at(cache, slab, i) +
					  cache->offset));
			nr++;
		}
	MUST(slab->inuse + nr == cache->num);
	return nr;
}

struct sums {
	u32 slabs, free;
};

static void check_list(const struct kmem_cache *cache, int nid,
		       const struct list_head *list, struct sums *sums)
{
	const struct kmem_node *node = cache->node[nid];
	const struct slab *slab;

	list_for_each_entry(slab, list, list) {
		MUST(slab->list.next->prev == &slab->list);
		MUST(list == (!slab->inuse ? &node->free :
			      slab->inuse == cache->num ? &node->full :
							  &node->partial));
		sums->free += check_slab(cache, nid, slab);
		sums->slabs++;
	}
}

/* What lies on a stack is a buffer in use, of nobody, and lies there once. */
static void check_entries(const struct kmem_cache *cache, void *const *entry,
			  u32 n)
{
	while (n--) {
		const struct page *page = slab_page(entry[n]);
		const char *buffer = (char *)entry[n] - cache->offset;
		const struct slab *slab;
		u32 index;

		MUST(page && page_cache(page) == cache);
		slab = page_slab(page);
		index = buffer_index(cache, slab, buffer);
		MUST(index < cache->num &&
		     buffer == buffer_at(cache, slab, index));
		MUST(!buffer_is_free(slab, index));
		MUST(!*granule_of(entry[n]));
		*granule_of(entry[n]) = STACKED;
	}
}

static void forget_entries(void *const *entry, u32 n)
{
	while (n--)
		*granule_of(entry[n]) = 0;
}

/* Of the CPU's stack and the shared arrays: how many objects they have. */
static u32 walk_entries(const struct kmem_cache *cache, bool check)
{
	const struct cpu_stack *stack = &cache->cpu[0];
	u32 sum = stack->count, i;
	struct kmem_node *node;

	MUST(stack->limit == stack_limit(cache));
	MUST(stack->count <= stack->limit);
	if (check)
		check_entries(cache, stack->entry, stack->count);
	else
		forget_entries(stack->entry, stack->count);
	for_each_node_of(cache, node, i) {
		struct shared_array *shared = node->shared;

		if (!shared)
			continue;
		MUST(shared->count <= shared->limit);
		sum += shared->count;
		if (check)
			check_entries(cache, shared->entry, shared->count);
		else
			forget_entries(shared->entry, shared->count);
	}
	return sum;
}

/* Buffers that their slabs count as in use; *slabs: how many slabs. */
static u32 check_nodes_of(const struct kmem_cache *cache, u32 *slabs)
{
	u32 in_use = 0, i;
	struct kmem_node *node;

	*slabs = 0;
	for_each_node_of(cache, node, i) {
		struct sums sums = { 0, 0 };

		MUST(!node->lock.locked);
		check_list(cache, (int)i, &node->partial, &sums);
		check_list(cache, (int)i, &node->full, &sums);
		check_list(cache, (int)i, &node->free, &sums);
		MUST(node->nr_slabs == sums.slabs);
		MUST(node->free_objects == sums.free);
		MUST(node->colour_next < cache->colours);
		in_use += sums.slabs * cache->num - sums.free;
		*slabs += sums.slabs;
	}
	return in_use;
}

u32 host_in_use(const struct kmem_cache *cache)
{
	u32 slabs, in_use = check_nodes_of(cache, &slabs), kept;

	MUST(cache->grown - cache->reaped == slabs);
	MUST(cache->batch && cache->batch <= cache->limit);
	kept = walk_entries(cache, true);
	walk_entries(cache, false);
	MUST(kept <= in_use);
	return in_use - kept;
}

void host_check_cache(const struct kmem_cache *cache, u32 out)
{
	u32 in_use = host_in_use(cache);

	if (in_use != out)
		host_die("%s: %u objects in use, %u are out", cache->name,
			 in_use, out);
}

static void die_of_difference(const char *sentence)
{
	host_die("the books are wrong: %s", sentence);
}

void host_check_objects(void)
{
	const struct kmem_cache *cache;
	u32 pages = 0, found = 0, pfn, slabs;

	list_for_each_entry(cache, &kmem_caches, next) {
		host_in_use(cache);
		check_nodes_of(cache, &slabs);
		pages += slabs << cache->order;
	}
	for (pfn = 0; pfn < max_mapnr; pfn++)
		found += PageSlab(pfn_to_page(pfn));
	MUST(pages == found);
	MUST(!check_caches(die_of_difference));
	MUST(!check_cache_pages(die_of_difference));
	MUST(!host_locks_held && host_eflags == EFLAGS_IF);
}

u32 host_shrunk(void)
{
	kmem_caches_shrink();
	host_check_objects();
	return nr_unused_pages();
}
