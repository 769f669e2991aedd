/*
 * Every sequence of operations up to a depth, on caches of three objects a slab
 * whose stack and shared array hold one to three: each border of each layer is
 * met in each state. Nothing is left out because it looks like something seen
 * before.
 *
 * Then every short sequence again, with an interrupt at the k-th point of its
 * last operation, for each k there is, and each thing a handler may do.
 *
 * DEPTH in the environment changes how deep it goes.
 */
#include "objects.h"
#include <mm/page/page_debug.h>

#define SIZE 1300U		/* three in a page, with struct slab */
#define OUT_MOST 24U
#define GFP (GFP_ATOMIC | __GFP_NOWARN)
#define DEEPEST 12U

enum op {
	ALLOC, FREE_OLDEST, FREE_NEWEST, SHRINK, NO_GROW, BULK, FAR, REAP,
	NR_OPS
};

static struct host_cache c;
static u64 sequences;

/* --- what must be so --- */

/* Objects that nobody has, wherever they are. */
static u32 nr_free(void)
{
	const struct kmem_cache *cache = c.cache;
	struct kmem_node *node;
	u32 sum = cache->cpu[0].count, i;

	for_each_node_of(cache, node, i) {
		sum += node->free_objects;
		sum += node->shared ? node->shared->count : 0;
	}
	return sum;
}

static u32 nr_slabs(void)
{
	struct kmem_node *node;
	u32 sum = 0, i;

	for_each_node_of(c.cache, node, i)
		sum += node->nr_slabs;
	return sum;
}

/* The slabs that what is out stands in. */
static u32 slabs_needed(void)
{
	u32 n = 0, i, j;

	for (i = 0; i < c.nr; i++) {
		const struct page *page = virt_to_page(c.object[i].at);

		for (j = 0; j < i; j++)
			if (virt_to_page(c.object[j].at) == page)
				break;
		n += j == i;
	}
	return n;
}

/* --- operations --- */

static void alloc(gfp_t gfp, int node)
{
	const struct cpu_stack *stack = &c.cache->cpu[0];
	void *top = stack->count ? stack->entry[stack->count - 1] : NULL;
	u32 free_before = nr_free(), slabs = nr_slabs();
	void *p;

	if (c.nr + 4 > OUT_MOST)
		return;
	p = node < 0 ? kmem_cache_alloc(c.cache, gfp) :
		       kmem_cache_alloc_node(c.cache, gfp, node);
	if (!p) {
		/* while interrupts come, they may have taken the last */
		MUST(gfp & __GFP_NO_GROW);
		MUST(!free_before || host_interrupts);
		return;
	}
	host_object_out(&c, p, false);
	if (host_interrupts)
		return;
	MUST(!(gfp & __GFP_NO_GROW) || free_before);
	/* what came back last goes out first */
	if (node < 0 && top && !slab_long_way)
		MUST(p == top);
	if (node >= 0)
		MUST(page_to_nid(virt_to_page(p)) == node);
	/* nothing new while there is something on this node */
	if (machine_nodes.nr == 1 && free_before)
		MUST(nr_slabs() == slabs);
}

static void give(u32 index)
{
	const struct cpu_stack *stack = &c.cache->cpu[0];
	void *p;

	if (!c.nr)
		return;
	p = host_object_back(&c, index);
	kmem_cache_free(c.cache, p);
	if (host_interrupts || slab_long_way)
		return;
	/* on the stack if it is from here */
	MUST(!page_to_nid(virt_to_page(p)) ==
	     (stack->count && stack->entry[stack->count - 1] == p));
}

static void bulk(void)
{
	void *objects[4];
	u32 i;

	if (c.nr + 8 > OUT_MOST)
		return;
	MUST(kmem_cache_alloc_bulk(c.cache, GFP, 4, objects));
	for (i = 0; i < 4; i++)
		host_object_out(&c, objects[i], false);
}

static void shrink(void)
{
	u32 slabs = nr_slabs(), pages = kmem_cache_shrink(c.cache);

	if (host_interrupts)
		return;
	MUST(!c.cache->cpu[0].count);
	MUST(nr_slabs() == slabs_needed());
	MUST(pages == slabs - nr_slabs());
	MUST(nr_slabs() * 3 == c.nr + nr_free());
}

static void run(enum op op)
{
	switch (op) {
	case ALLOC:
		alloc(GFP, -1);
		break;
	case FREE_OLDEST:
		give(0);
		break;
	case FREE_NEWEST:
		give(c.nr - 1);
		break;
	case SHRINK:
		shrink();
		break;
	case NO_GROW:
		alloc(GFP | __GFP_NO_GROW, -1);
		break;
	case BULK:
		bulk();
		break;
	case FAR:
		alloc(GFP, (int)machine_nodes.nr - 1);
		break;
	default:
		cache_reap(0, true);
	}
}

/* As after its creation. */
static void begin_anew(void)
{
	struct kmem_node *node;
	u32 i;

	while (c.nr)
		kmem_cache_free(c.cache, host_object_back(&c, c.nr - 1));
	kmem_cache_shrink(c.cache);
	MUST(!nr_slabs());
	c.cache->touched[0] = false;
	for_each_node_of(c.cache, node, i) {
		node->free_touched = false;
		node->colour_next = 0;
	}
}

/* --- sequences --- */

struct setting {
	const char *name;
	u32 nodes, limit, batch, shared, depth;
	bool long_way;
};

/* The next one of that length, counting in base NR_OPS; false: all were. */
static bool next_sequence(u8 *ops, u32 depth)
{
	u32 i;

	for (i = 0; i < depth; i++) {
		if (++ops[i] < NR_OPS)
			return true;
		ops[i] = 0;
	}
	return false;
}

/* The first one differs most often: sequences of each length of their own. */
static void every_sequence(u32 depth)
{
	u8 ops[DEEPEST] = { 0 };
	u32 i;

	do {
		begin_anew();
		for (i = 0; i < depth; i++)
			run(ops[i]);
		host_check_cache(c.cache, c.nr);
		host_objects_hold(&c);
		sequences++;
	} while (next_sequence(ops, depth));
}

static void make_cache(const struct setting *s)
{
	host_boot_objects(32, s->nodes, 0);
	slab_set_long_way(s->long_way);
	c.size = SIZE;
	c.most = OUT_MOST;
	c.cache = kmem_cache_create("exhaustive", SIZE, 0, 0, NULL);
	MUST(c.cache && c.cache->num == 3 && !c.cache->order);
	MUST(!kmem_cache_tune(c.cache, s->limit, s->batch, s->shared));
	begin_anew();
}

static void end_cache(void)
{
	begin_anew();
	MUST(!kmem_cache_destroy(c.cache));
	host_check_objects();
	host_boot_check();
}

static void exhaust(const void *arg)
{
	const struct setting *s = arg;
	u32 depth = host_env("DEPTH", s->depth), n;

	make_cache(s);
	for (n = 1; n <= depth; n++)
		every_sequence(n);
	end_cache();
	print_message("# %s: %llu sequences\n", s->name,
		      (unsigned long long)sequences);
}

/* --- an interrupt at each point --- */

static u32 points, strike;	/* counted; the one where it comes */
static u32 handler_does;
#define NR_HANDLERS 6U

static void handle(void)
{
	u32 i;

	switch (handler_does) {
	case 0:
		alloc(GFP, -1);
		break;
	case 1:
		give(0);
		break;
	case 2:		/* both, so that the count is as it was */
		alloc(GFP, -1);
		give(0);
		break;
	case 3:		/* all that the stack can take, and more */
		for (i = 0; i < 4; i++)
			give(0);
		break;
	case 4:
		bulk();
		break;
	default:
		shrink();
		cache_reap(0, true);
	}
}

static bool strike_once(void)
{
	if (++points != strike)
		return false;
	handle();
	return true;
}

/* How many points the last operation has, with an interrupt at one of them. */
static u32 struck(const u8 *ops, u32 depth, u32 at)
{
	u32 i;

	begin_anew();
	/* something for the handler to free */
	bulk();
	for (i = 0; i + 1 < depth; i++)
		run(ops[i]);
	points = 0;
	strike = at;
	host_interrupts = strike_once;
	run(ops[depth - 1]);
	host_interrupts = NULL;
	host_check_cache(c.cache, c.nr);
	host_objects_hold(&c);
	sequences++;
	return points;
}

static void strike_everywhere(const void *arg)
{
	const struct setting *s = arg;
	u8 ops[DEEPEST] = { 0 };

	make_cache(s);
	do {
		for (handler_does = 0; handler_does < NR_HANDLERS;
		     handler_does++) {
			u32 at = 1;

			/* until it comes too late to come at all */
			while (struck(ops, s->depth, at) >= at)
				at++;
		}
	} while (next_sequence(ops, s->depth));
	end_cache();
	print_message("# %s: %llu sequences\n", s->name,
		      (unsigned long long)sequences);
}

/* --- tests --- */

static void every_short_sequence(void **state)
{
	static const struct setting settings[] = {
		{ "stack of 1", 1, 1, 1, 0, 5, false },
		{ "stack of 2, by one, one shared", 1, 2, 1, 1, 6, false },
		{ "stack of 3, by two, two shared", 1, 3, 2, 1, 5, false },
		{ "two nodes, all of 2", 2, 2, 2, 1, 5, false },
		{ "the long way", 2, 2, 1, 1, 5, true },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(settings); i++)
		host_in_child(exhaust, &settings[i], settings[i].name);
}

static void an_interrupt_at_every_point(void **state)
{
	static const struct setting settings[] = {
		{ "interrupts, stack of 1", 1, 1, 1, 0, 3, false },
		{ "interrupts, stack of 2", 1, 2, 1, 1, 3, false },
		{ "interrupts, two nodes", 2, 3, 2, 1, 2, false },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(settings); i++)
		host_in_child(strike_everywhere, &settings[i],
			      settings[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(every_short_sequence),
		HOST_TEST(an_interrupt_at_every_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
