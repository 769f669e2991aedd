/*
 * The books of a watched slab: its bits and inuse.
 *
 * 1. They are wrong if the bits that are 1 and inuse do not make num, or if a
 *    bit from num up is 1. That can be said at any time under the node's lock.
 *
 * 2. What is right then? Each buffer says itself, by its red zones, whether it
 *    is in use: the bits are made to say the same, and inuse to fit. A buffer
 *    that is just changing hands says what it was, so its bit is left alone; if
 *    another CPU is at it, the next change of hands mends that. (But on no way
 *    does the bit say "free" while the buffer says that it is in use.)
 *
 * 3. A bit that says "free" of a buffer in use would have it handed out twice:
 *    slab_debug_alloc() meets one that says that it is in use, and refuses.
 *
 * 4. While nobody uses the cache no buffer changes hands, and bits and red
 *    zones must agree one by one.
 */
#include <mm/object/slab_debug.h>

static u32 count_bits(u32 word)
{
	u32 n = 0;

	for (; word; word &= word - 1)
		n++;
	return n;
}

/* The bits of a word that stand for buffers. */
static u32 real_bits(const struct kmem_cache *cache, u32 word)
{
	u32 left = cache->num - word * 32;

	return left >= 32 ? ~0U : (1U << left) - 1;
}

u32 slab_free_bits(const struct kmem_cache *cache, const struct slab *slab)
{
	u32 i, n = 0;

	for (i = 0; i < bits_words(cache->num); i++)
		n += count_bits(slab->bits[i] & real_bits(cache, i));
	return n;
}

static bool has_stray_bits(const struct kmem_cache *cache,
			   const struct slab *slab)
{
	u32 last = bits_words(cache->num) - 1;

	return slab->bits[last] & ~real_bits(cache, last);
}

static bool bit_is_wrong(const struct kmem_cache *cache,
			 const struct slab *slab, u32 index)
{
	const void *buffer = buffer_at(cache, slab, index);

	return buffer_is_free(slab, index) ? buffer_says_used(cache, buffer) :
					     buffer_says_free(cache, buffer);
}

static u32 wrong_bits(const struct kmem_cache *cache, const struct slab *slab)
{
	u32 i, n = 0;

	for (i = 0; i < cache->num; i++)
		n += bit_is_wrong(cache, slab, i);
	return n;
}

/* --- mending; the node's lock is held --- */

static void mend_bits(const struct kmem_cache *cache, struct slab *slab,
		      const void *self)
{
	u32 last = bits_words(cache->num) - 1, i;

	slab->bits[last] &= real_bits(cache, last);
	for (i = 0; i < cache->num; i++)
		if ((buffer_at(cache, slab, i) != self ||
		     buffer_is_free(slab, i)) && bit_is_wrong(cache, slab, i))
			slab->bits[i / 32] ^= 1U << i % 32;
	slab->inuse = (u16)(cache->num - slab_free_bits(cache, slab));
}

static void to_its_list(const struct kmem_cache *cache, struct kmem_node *node,
			struct slab *slab)
{
	list_del(&slab->list);
	list_add(&slab->list, slab_list(cache, node, slab));
}

static void count_node(const struct kmem_cache *cache, struct kmem_node *node)
{
	struct list_head *list[] = { &node->partial, &node->full, &node->free };
	struct slab *slab;
	u32 i;

	node->free_objects = 0;
	for (i = 0; i < ARRAY_SIZE(list); i++)
		list_for_each_entry(slab, list[i], list)
			node->free_objects += slab_free_bits(cache, slab);
}

bool slab_books_agree(struct kmem_cache *cache, struct slab *slab,
		      const void *self)
{
	int nid = page_to_nid(virt_to_page(slab->s_mem));
	struct kmem_node *node = cache->node[nid];
	u32 flags = spin_lock_irqsave(&node->lock);
	u32 inuse = slab->inuse, free = slab_free_bits(cache, slab);
	bool agree = inuse + free == cache->num &&
		     !has_stray_bits(cache, slab) &&
		     (self || !wrong_bits(cache, slab));

	if (!agree) {
		mend_bits(cache, slab, self);
		to_its_list(cache, node, slab);
		count_node(cache, node);
	}
	spin_unlock_irqrestore(&node->lock, flags);
	if (!agree)
		slab_report(SLAB_BAD_BOOKS, cache, slab->s_mem, "its slab has "
			    "%u objects in use and %u free of %u; now %u are "
			    "in use", inuse, free, cache->num, slab->inuse);
	return agree;
}

/* --- all of a cache --- */

static u32 verify_slab(struct kmem_cache *cache, struct slab *slab)
{
	u32 reports = !slab_books_agree(cache, slab, NULL), i;

	for (i = 0; i < cache->num; i++)
		reports += slab_check_buffer(cache, buffer_at(cache, slab, i),
					     buffer_is_free(slab, i),
					     "looked at");
	return reports;
}

static u32 verify_list(struct kmem_cache *cache, struct list_head *slabs)
{
	struct slab *slab, *next;
	u32 reports = 0;

	/* one that is mended may go to another list */
	list_for_each_entry_safe(slab, next, slabs, list)
		reports += verify_slab(cache, slab);
	return reports;
}

u32 kmem_cache_verify(struct kmem_cache *cache)
{
	struct kmem_node *node;
	u32 reports = 0, i;

	if (!cache_is_debugged(cache))
		return 0;
	for_each_node_of(cache, node, i) {
		reports += verify_list(cache, &node->full);
		reports += verify_list(cache, &node->partial);
		reports += verify_list(cache, &node->free);
	}
	return reports;
}
