/*
 * The check of caches finds what is broken, each kind of damage by its own
 * sentence, and nothing once it is mended.
 */
#include <mm/object/check.h>
#include <mm/report/check.h>
#include "private_cache.h"

static u32 found;
static char sentences[1024];

static void note_sentence(const char *sentence)
{
	size_t at = strlen(sentences);

	found++;
	strlcpy(sentences + at, sentence, sizeof(sentences) - at);
}

static u32 look_at(struct kmem_cache *cache)
{
	u32 differences;

	found = 0;
	sentences[0] = '\0';
	differences = cache ? check_cache(cache, note_sentence) :
		      check_caches(note_sentence) +
		      check_cache_pages(note_sentence);
	EXPECT_EQ(found, differences);
	return differences;
}

/* What `damage` does is found, in these words; mended, it is gone. */
#define FINDS_IN(cache, words, damage, mend) do {			\
	damage;								\
	EXPECT(look_at(cache) > 0);					\
	EXPECT(strstr(sentences, (words)));				\
	mend;								\
	EXPECT_EQ(look_at(cache), 0);					\
} while (0)

#define FINDS(words, damage, mend) FINDS_IN(cache, words, damage, mend)

/* A word that has another value for a moment. */
#define FINDS_VALUE(words, lvalue, value) do {				\
	__typeof__(lvalue) saved_ = (lvalue);				\
									\
	FINDS(words, (lvalue) = (value), (lvalue) = saved_);		\
} while (0)

/*
 * Three slabs: one full, one partial, one free. What is kept is of the partial
 * one: as much as the stack and the shared array hold.
 */
#define LIMIT 10
#define BATCH 5
#define SHARED 2		/* batches: as much as LIMIT */
#define MOST 150

static struct kmem_cache *cache;
static struct kmem_node *node;
static struct cpu_stack *stack;
static struct slab *full, *partial, *empty;
static void *object[MOST];

/* false: the case is over. */
static bool setup(void)
{
	u32 num;

	cache = private_cache_tuned(100, LIMIT, BATCH, SHARED);
	if (!cache)
		return false;
	node = node_of(cache);
	stack = stack_of(cache);
	num = cache->num;
	if (!EXPECT(3 * num <= MOST) || !take_n(cache, object, 3 * num))
		return false;
	full = slab_of(object[0]);
	partial = slab_of(object[num]);
	empty = slab_of(object[2 * num]);
	/* the first go to the shared array, the last stay on the stack */
	free_n(cache, object + num, LIMIT + BATCH);
	free_n(cache, object + 2 * num, num);
	free_n(cache, object + num + LIMIT + BATCH, LIMIT);
	EXPECT_EQ(stack->count, LIMIT);
	EXPECT_EQ(node->shared->count, LIMIT);
	return EXPECT(node->full.next == &full->list) &
	       EXPECT(node->partial.next == &partial->list) &
	       EXPECT(node->free.next == &empty->list) &
	       EXPECT_EQ(look_at(cache), 0);
}

static void finish(void)
{
	u32 num = cache->num;

	free_n(cache, object, num);
	free_n(cache, object + num + 2 * LIMIT + BATCH,
	       num - 2 * LIMIT - BATCH);
	EXPECT_EQ(look_at(cache), 0);
	private_cache_end(cache);
}

/* One slab of a cache whose management is elsewhere, all of it in use. */
static bool setup_off_slab(void)
{
	cache = private_cache(1024, 0, 0, NULL);
	if (!cache)
		return false;
	if (!(cache->flags & CACHE_OFF_SLAB)) {
		test_skip("with debugging its management is on the slab");
		private_cache_end(cache);
		return false;
	}
	node = node_of(cache);
	if (!take_n(cache, object, cache->num))
		return false;
	full = slab_of(object[0]);
	return EXPECT_EQ(look_at(cache), 0);
}

static void finish_off_slab(void)
{
	free_n(cache, object, cache->num);
	EXPECT_EQ(look_at(cache), 0);
	private_cache_end(cache);
}

/* --- lists --- */

TEST(slab_check, links)
{
	if (!setup())
		return;
	FINDS_VALUE("is broken", node->full.next, NULL);
	FINDS_VALUE("is broken", node->full.next, (struct list_head *)4);
	FINDS_VALUE("is broken", node->full.next,
		    (struct list_head *)0xfffffff0);
	FINDS_VALUE("is broken", node->full.next,
		    (struct list_head *)((char *)full + 2));
	FINDS_VALUE("is broken", node->full.next,
		    (struct list_head *)((char *)full + 4));
	FINDS_VALUE("is broken", node->free.next, &partial->list);
	FINDS_VALUE("is broken", full->list.prev, &full->list);
	FINDS_VALUE("is broken", full->list.next, &partial->list);
	FINDS_VALUE("is broken", partial->list.next, NULL);
	FINDS_VALUE("ends at", node->full.prev, &partial->list);
	FINDS_VALUE("has 2 slabs, 3 are counted", node->partial.next,
		    &node->partial);
	/* a ring that never comes back to its head */
	FINDS("is broken",
	      (full->list.next = &full->list, full->list.prev = &full->list),
	      (full->list.next = &node->full, full->list.prev = &node->full));
	finish();
}

static void move(struct slab *slab, struct list_head *to)
{
	list_del(&slab->list);
	list_add(&slab->list, to);
}

TEST(slab_check, wrong_list)
{
	if (!setup())
		return;
	FINDS("in use is on the list of 1 to", move(full, &node->partial),
	      move(full, &node->full));
	FINDS("with 0 objects in use is on the list of 1 to",
	      move(empty, &node->partial), move(empty, &node->free));
	FINDS("in use is on the list of 0 to 0", move(partial, &node->free),
	      move(partial, &node->partial));
	finish();
}

/* --- books --- */

TEST(slab_check, books)
{
	u32 last, num;

	if (!setup())
		return;
	num = cache->num;
	last = (num - 1) / 32;
	FINDS_VALUE("in use and", full->inuse, full->inuse - 1);
	FINDS_VALUE("in use and", partial->inuse, partial->inuse + 1);
	FINDS_VALUE("in use and", full->bits[0], 1);
	FINDS_VALUE("in use and", empty->bits[0], empty->bits[0] & ~1U);
	if (num % 32)
		FINDS_VALUE("has 1 bits beyond its last object",
			    partial->bits[last],
			    partial->bits[last] | 1U << num % 32);
	FINDS_VALUE("objects free,", node->free_objects,
		    node->free_objects + 1);
	FINDS_VALUE("objects free,", node->free_objects, 0);
	FINDS_VALUE("has 3 slabs, 4 are counted", node->nr_slabs, 4);
	FINDS_VALUE("has 3 slabs, 2 are counted", node->nr_slabs, 2);
	FINDS_VALUE("the next colour is", node->colour_next, cache->colours);
	finish();
}

/* --- a slab's place --- */

TEST(slab_check, place_of_objects)
{
	if (!setup())
		return;
	FINDS_VALUE("has its first object at", partial->s_mem,
		    partial->s_mem + cache->size);
	FINDS_VALUE("has its first object at", empty->s_mem, NULL);
	FINDS_VALUE("has colour", full->colour, full->colour + 1);
	FINDS_VALUE("has colour", full->colour,
		    (u16)(cache->colours * cache->colour_off));
	finish();
}

TEST(slab_check, pages_of_a_slab)
{
	struct page *page;

	if (!setup_off_slab())
		return;
	page = virt_to_page(object[0]);
	FINDS_VALUE("is marked", page->flags, page->flags & ~(1U << PG_slab));
	FINDS_VALUE("is marked", page->mapping,
		    (void *)((char *)page->mapping + 1));
	FINDS_VALUE("is marked", page->mapping, NULL);
	FINDS_VALUE("is marked", page->private, 0);
	FINDS_VALUE("has pages of order 3", page->flags,
		    (page->flags & ~PAGE_ORDER_MASK) | 3U << PAGE_ORDER_SHIFT);
	FINDS_VALUE("has its first object at", full->s_mem,
		    full->s_mem + cache->size);
	FINDS_VALUE("has its first object at", full->s_mem, NULL);
	finish_off_slab();
}

TEST(slab_check, pages_on_slab)
{
	struct page *page;

	if (!setup())
		return;
	page = virt_to_page(full);
	FINDS_VALUE("is broken", page->flags, page->flags & ~(1U << PG_slab));
	FINDS_VALUE("is broken", page->mapping, NULL);
	FINDS_VALUE("is broken", page->private, (unsigned long)partial);
	finish();
}

TEST(slab_check, management)
{
	struct slab *other;
	u32 index;

	if (!setup_off_slab())
		return;
	other = slab_of(full);
	index = index_of(cache->slab_cache, full);
	FINDS_VALUE("stands in no object in use", other->bits[index / 32],
		    other->bits[index / 32] | 1U << index % 32);
	FINDS_VALUE("cache of its management is wrong", cache->slab_cache,
		    NULL);
	FINDS_VALUE("cache of its management is wrong", cache->slab_cache,
		    cache);
	FINDS_VALUE("cache of its management is wrong",
		    cache->slab_cache->size, 0);
	finish_off_slab();
}

/* --- what is kept --- */

TEST(slab_check, stacks)
{
	if (!setup())
		return;
	FINDS_VALUE("has 11 objects, above 10", stack->count, LIMIT + 1);
	FINDS_VALUE("objects, above 10", stack->count, 0xffffffff);
	FINDS_VALUE("has limit 11, not 10", stack->limit, LIMIT + 1);
	FINDS_VALUE("has tag", stack->tag, stack->tag + 1);
	FINDS_VALUE("is kept, and no object of it", stack->entry[3], NULL);
	FINDS_VALUE("is kept, and no object of it", stack->entry[3],
		    (char *)stack->entry[3] + 4);
	FINDS_VALUE("is kept, and no object of it", stack->entry[3],
		    (void *)0xfffffffc);
	FINDS_VALUE("is kept, and no object of it", stack->entry[3],
		    partial);
	FINDS_VALUE("is kept, and no object of it", stack->entry[0], cache);
	FINDS_VALUE("is kept twice", stack->entry[3], stack->entry[9]);
	FINDS_VALUE("is kept twice", stack->entry[3],
		    node->shared->entry[0]);
	FINDS_VALUE("is kept and free", stack->entry[9],
		    object_in(cache, empty, 0));
	finish();
}

TEST(slab_check, shared_arrays)
{
	struct shared_array *shared;

	if (!setup())
		return;
	shared = node->shared;
	FINDS_VALUE("has 11 of 10 objects", shared->count, LIMIT + 1);
	FINDS_VALUE("has 10 of 11 objects, not of 10", shared->limit,
		    LIMIT + 1);
	FINDS_VALUE("there is no array for 10 objects", node->shared, NULL);
	FINDS_VALUE("is none for 10 objects", node->shared,
		    (struct shared_array *)4);
	FINDS_VALUE("is none for 10 objects", node->shared,
		    (struct shared_array *)full);
	FINDS_VALUE("is none for 0 objects", cache->shared, 0);
	FINDS_VALUE("is kept, and no object of it", shared->entry[9], NULL);
	FINDS_VALUE("is kept twice", shared->entry[9], shared->entry[8]);
	FINDS_VALUE("is kept and free", shared->entry[0],
		    object_in(cache, empty, 1));
	finish();
}

/* --- the cache itself --- */

TEST(slab_check, geometry)
{
	if (!setup())
		return;
	FINDS_VALUE("cache test: ", cache->num, cache->num + 1);
	FINDS_VALUE("number of objects and pages", cache->num, 0);
	FINDS_VALUE("number of objects and pages", cache->order, 1);
	FINDS_VALUE("number of objects and pages", cache->order, 0xff);
	FINDS_VALUE("size, alignment", cache->size, 0);
	FINDS_VALUE("size, alignment", cache->size, cache->size + 1);
	FINDS_VALUE("size, alignment", cache->size, 0xfffffffc);
	FINDS_VALUE("size, alignment", cache->align, 0);
	FINDS_VALUE("size, alignment", cache->align, 12);
	FINDS_VALUE("size, alignment", cache->object_size, cache->size + 1);
	FINDS_VALUE("size, alignment", cache->offset, 0xfffffff0);
	FINDS_VALUE("number of objects", cache->size, cache->size * 2);
	FINDS_VALUE("reciprocal", cache->reciprocal, cache->reciprocal - 1);
	FINDS_VALUE("colours", cache->colours, cache->colours + 1);
	FINDS_VALUE("colours", cache->colour_off, 0);
	FINDS_VALUE("management", cache->slab_bytes, cache->slab_bytes + 4);
	FINDS_VALUE("management", cache->flags,
		    cache->flags | CACHE_OFF_SLAB);
	FINDS_VALUE("batch 0 and limit 10", cache->batch, 0);
	FINDS_VALUE("batch 11 and limit 10", cache->batch, LIMIT + 1);
	FINDS_VALUE("limit 121", cache->limit, CPU_STACK_MOST + 1);
	finish();
}

TEST(slab_check, parts_for_nodes)
{
	u32 nid;

	if (!setup())
		return;
	nid = (u32)numa_node_id();
	FINDS_VALUE("its part for node", cache->node[nid], NULL);
	FINDS_VALUE("its part for node", cache->node[nid],
		    (struct kmem_node *)0xfffffff0);
	FINDS_VALUE("its part for node", cache->node[nid],
		    (struct kmem_node *)full);
	if (machine_nodes.nr < MAX_NUMNODES)
		FINDS_VALUE("its part for node",
			    cache->node[machine_nodes.nr], node);
	finish();
}

/* --- all caches --- */

#define FINDS_IN_ALL(words, lvalue, value) do {				\
	__typeof__(lvalue) saved_ = (lvalue);				\
									\
	FINDS_IN(NULL, words, (lvalue) = (value), (lvalue) = saved_);	\
} while (0)

TEST(slab_check, list_of_caches)
{
	struct list_head *before;

	EXPECT_EQ(look_at(NULL), 0);
	if (!setup())
		return;
	before = cache->next.prev;
	FINDS_IN_ALL("the list of caches is broken", cache->next.prev, NULL);
	FINDS_IN_ALL("the list of caches is broken", cache->next.next,
		     before);
	FINDS_IN_ALL("the list of caches is broken", before->next, NULL);
	FINDS_IN_ALL("the list of caches is broken", before->next,
		     (struct list_head *)0xfffffff0);
	FINDS_IN_ALL("the list of caches is broken", before->next,
		     &full->list);
	FINDS_IN_ALL("the list of caches is broken", kmem_caches.prev,
		     before);
	FINDS_IN_ALL("cache test: ", node->nr_slabs, 2);
	finish();
}

TEST(slab_check, pages_of_no_cache)
{
	struct page *page;

	if (!setup())
		return;
	page = alloc_page(GFP_KERNEL);
	REQUIRE(page);
	FINDS_IN_ALL("is a slab's, of no cache", page->flags,
		     page->flags | 1U << PG_slab);
	EXPECT(!strstr(sentences, "no cache"));
	FINDS_IN(NULL, "pages are slabs', caches count", list_del(&cache->next),
		 list_add_tail(&cache->next, &kmem_caches));
	__free_page(page);
	finish();
}

TEST(slab_check, is_part_of_mm_check)
{
	struct page *page;

	if (!setup())
		return;
	page = alloc_page(GFP_KERNEL);
	REQUIRE(page);
	test_allow_warnings(4);
	node->nr_slabs++;
	/* the counter, and with it the sum of all pages */
	EXPECT_EQ(mm_check(), 2);
	node->nr_slabs--;
	page->flags |= 1U << PG_slab;
	EXPECT(mm_check() > 0);
	page->flags &= ~(1U << PG_slab);
	EXPECT_EQ(mm_check(), 0);
	__free_page(page);
	finish();
}
