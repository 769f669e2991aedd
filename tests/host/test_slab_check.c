/*
 * check_caches() against random damage: whatever of a cache's books is written
 * over must be noticed, without following it anywhere; put back, all is right.
 */
#include "damage.h"

#define STEPS 1300U

static u32 sentences;

static void note(const char *sentence)
{
	MUST(strlen(sentence) > 10);
	sentences++;
}

static u32 differences(void)
{
	u32 n;

	sentences = 0;
	n = check_caches(note) + check_cache_pages(note);
	MUST(n == sentences);
	/* who asks for none gets none, and the same number */
	MUST(n == check_caches(NULL) + check_cache_pages(NULL));
	return n;
}

/* Other bytes there; they must be noticed, and then it is as it was. */
static void must_be_noticed(void *at, const void *other, u32 size,
			    const char *what)
{
	u8 was[8];

	memcpy(was, at, size);
	if (!memcmp(was, other, size))
		return;
	memcpy(at, other, size);
	if (!differences())
		host_die("%s at %p is wrong, and nobody notices", what, at);
	memcpy(at, was, size);
	MUST(!host_locks_held && host_eflags == EFLAGS_IF);
}

#define NOTICED(member, value) do {					\
	__typeof__(member) wrong_ = (value);				\
	must_be_noticed(&(member), &wrong_, sizeof(wrong_), #member);	\
} while (0)

/* Where a link may lead by mistake. */
static void *any_pointer(struct host_cache *c)
{
	void *p[] = {
		NULL, (void *)8, c->object[0].at, c->cache, mem_map,
		page_slab(virt_to_page(c->object[1].at)),
		c->cache->node[0], (char *)c->object[2].at + 1,
		(void *)(uintptr_t)PAGE_OFFSET, (void *)0x7ffffffffff8,
		shadow[0].cache, kmem_caches.prev,
	};

	return p[host_below(ARRAY_SIZE(p))];
}

/* What manages a slab is another's object: it may not be free there. */
static void damage_management(struct host_cache *c, struct slab *slab)
{
	struct kmem_cache *manager = c->cache->slab_cache;
	struct slab *its;
	u32 index;

	if (!(c->cache->flags & CACHE_OFF_SLAB))
		return;
	its = page_slab(virt_to_page(slab));
	index = buffer_index(manager, its, slab);
	NOTICED(its->bits[index / 32],
		its->bits[index / 32] | 1U << index % 32);
	NOTICED(manager->reciprocal, manager->reciprocal + 1);
	NOTICED(c->cache->slab_cache, c->cache);
}

static void damage_slab(struct host_cache *c, struct slab *slab)
{
	u32 index = host_below(c->cache->num), num = c->cache->num;
	u32 *last = &slab->bits[bits_words(num) - 1];

	switch (host_below(8)) {
	case 6:
		if (num % 32)
			NOTICED(*last, *last | 1U << (num % 32 +
				       host_below(32 - num % 32)));
		break;
	case 7:
		damage_management(c, slab);
		break;
	case 0:
		NOTICED(slab->inuse, (u16)(slab->inuse + 1 + host_below(9)));
		break;
	case 1:
		NOTICED(slab->bits[index / 32],
			slab->bits[index / 32] ^ 1U << index % 32);
		break;
	case 2:
		NOTICED(slab->s_mem, slab->s_mem + host_random());
		break;
	case 3:
		NOTICED(slab->colour, (u16)(slab->colour + host_random()));
		break;
	case 4:
		NOTICED(slab->list.next, any_pointer(c));
		break;
	default:
		NOTICED(slab->list.prev, any_pointer(c));
	}
}

static void damage_page(struct host_cache *c, void *object)
{
	struct page *page = virt_to_page(object);

	switch (host_below(4)) {
	case 0:
		NOTICED(page->flags, page->flags ^ 1U << PG_slab);
		break;
	case 3:
		page = pfn_to_page(page_to_pfn(page) &
				   ~((1U << c->cache->order) - 1));
		NOTICED(page->flags, page->flags ^ 1U << PAGE_ORDER_SHIFT);
		break;
	case 1:
		NOTICED(page->mapping, any_pointer(c));
		break;
	default:
		NOTICED(page->private, (unsigned long)any_pointer(c));
	}
}

static void damage_node(struct host_cache *c, struct kmem_node *node)
{
	struct list_head *list[] = { &node->partial, &node->full, &node->free };
	struct list_head *any = list[host_below(3)];

	switch (host_below(7)) {
	case 6:
		NOTICED(node->colour_next,
			c->cache->colours + host_below(9));
		break;
	case 0:
		NOTICED(node->nr_slabs, node->nr_slabs + 1 + host_below(5));
		break;
	case 1:
		NOTICED(node->free_objects, host_below(50));
		break;
	case 2:
		NOTICED(any->next, any_pointer(c));
		break;
	case 3:
		NOTICED(any->prev, any_pointer(c));
		break;
	case 4:
		if (!node->shared)
			break;
		NOTICED(node->shared->count,
			node->shared->limit + 1 + host_below(9));
		NOTICED(node->shared->limit, host_below(5000));
		break;
	default:
		NOTICED(node->shared, any_pointer(c));
	}
}

/* Somebody's mistake with what is kept: twice, free already, or no object. */
static void damage_kept(struct host_cache *c)
{
	struct cpu_stack *stack = &c->cache->cpu[0];
	struct shared_array *shared = c->cache->node[0]->shared;
	u32 i = host_below(CPU_STACK_MOST);

	NOTICED(stack->tag, stack->tag ^ 1U << host_below(32));
	NOTICED(stack->limit, stack->limit + 1 + host_below(9));
	NOTICED(stack->count, stack->limit + 1 + host_below(9));
	if (!stack->count)
		return;
	if (shared && shared->count) {
		NOTICED(shared->entry[0], stack->entry[0]);
		NOTICED(shared->entry[shared->count - 1], NULL);
		NOTICED(stack->entry[0], shared->entry[shared->count - 1]);
	}
	i %= stack->count;
	NOTICED(stack->entry[i], (void *)((char *)stack->entry[i] + 1));
	NOTICED(stack->entry[i], NULL);
	NOTICED(stack->entry[i], shadow[0].cache == c->cache ?
				 shadow[1].object[0].at :
				 shadow[0].object[0].at);
	NOTICED(stack->entry[i], stack->entry[0]);
}

static void damage_cache(struct kmem_cache *cache)
{
	NOTICED(cache->num, (u16)(cache->num + 1 + host_below(5)));
	NOTICED(cache->order, (u8)(cache->order + 1 + host_below(5)));
	NOTICED(cache->size, cache->size + host_random());
	NOTICED(cache->align, cache->align ^ 1U << host_below(13));
	NOTICED(cache->size, 0);
	NOTICED(cache->size, 4 * KMALLOC_MAX_CLASS);
	NOTICED(cache->align, 2);
	NOTICED(cache->align, 24);
	NOTICED(cache->align, 2 * (u32)PAGE_SIZE);
	NOTICED(cache->offset, cache->size + 1);
	NOTICED(cache->object_size, 0);
	NOTICED(cache->object_size, cache->size + 1);
	NOTICED(cache->shared, 1000);
	NOTICED(cache->shared, cache->shared + 1);
	NOTICED(kmem_caches.prev, NULL);
	NOTICED(kmem_caches.next, cache->next.next);
	NOTICED(cache->reciprocal, host_random());
	NOTICED(cache->colours, host_random());
	NOTICED(cache->colour_off, host_random());
	NOTICED(cache->flags, cache->flags ^ CACHE_OFF_SLAB);
	NOTICED(cache->slab_bytes, cache->slab_bytes + 1 + host_below(99));
	NOTICED(cache->batch, 0);
	NOTICED(cache->limit, CPU_STACK_MOST + 1 + host_below(99));
	NOTICED(cache->node[0], (struct kmem_node *)(void *)cache);
	NOTICED(cache->node[MAX_NUMNODES - 1], cache->node[0]);
	NOTICED(cache->next.next, (struct list_head *)(void *)cache);
	NOTICED(cache->next.prev, NULL);
}

/* One cache alone says the same. */
static void judge_alone(struct host_cache *c)
{
	MUST(!check_cache(c->cache, note));
	c->cache->node[0]->nr_slabs++;
	MUST(check_cache(c->cache, note) == 1);
	c->cache->node[0]->nr_slabs--;
}

static void damage_anything(const void *arg)
{
	u32 step;

	host_boot_objects(64, 2, 0);
	host_seed("books, checked");
	make_caches(0);
	for (step = 0; step < STEPS; step++) {
		struct host_cache *c = &shadow[host_below(CACHES)];
		void *object;

		for (c = shadow; c < shadow + CACHES; c++) {
			some_life(c);
			/* then there are some in the shared array, too */
			if (host_below(64) == 0)
				kmem_cache_tune(c->cache, 4, 2, 3);
			while (c->nr < 6)
				alloc_one(c);
		}
		c = &shadow[host_below(CACHES)];
		object = c->object[host_below(c->nr)].at;
		switch (host_below(5)) {
		case 0:
			damage_slab(c, page_slab(virt_to_page(object)));
			break;
		case 1:
			damage_page(c, object);
			break;
		case 2:
			damage_node(c, c->cache->node[0]);
			break;
		case 3:
			damage_kept(c);
			break;
		default:
			damage_cache(c->cache);
		}
		if (step % 64 == 0) {
			MUST(!differences());
			judge_alone(c);
		}
	}
	forget_reports();
	end_caches();
}

static void every_difference_is_noticed(void **state)
{
	host_in_child(damage_anything, NULL, "books, checked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(every_difference_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
