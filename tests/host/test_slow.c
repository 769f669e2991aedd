/*
 * The passes of __alloc_pages() when memory is short: who gets how far down,
 * what is woken, what is called and in which order, and who fails. Reclaim is
 * the test's own: its hooks note that they were called.
 */
#include "zones.h"
#include <mm/page/internal.h>

#define FRAMES 1024U

static struct host_nodes nodes;
static struct zone *zone;

/* --- reclaim, as the test wants it --- */

static char calls[256];		/* a letter for each call */
static u32 give_back;		/* pages that a call gets back */
static unsigned int useless;	/* so many calls get nothing first */
static bool inside;		/* reclaim allocates, too */
static gfp_t inside_gfp;
static unsigned int inside_order;
static struct page *inside_page;

static struct page *kept[FRAMES];
static u32 nr_kept;

static void note(char c)
{
	size_t n = strlen(calls);

	assert_true(n + 1 < sizeof(calls));
	calls[n] = c;
	calls[n + 1] = '\0';
}

static u32 release(u32 n)
{
	u32 done = 0;

	for (; done < n && nr_kept; done++)
		__free_pages(kept[--nr_kept], 0);
	return done;
}

static void wakeup_kswapd(struct zone *z, unsigned int order)
{
	note('w');
}

static u32 try_to_free_pages(struct zonelist *list, gfp_t gfp,
			     unsigned int order)
{
	note('r');
	assert_ptr_equal(list->zones[0], zone);
	if (inside) {
		release(inside_order * 2);
		inside_page = __alloc_pages(inside_gfp | __GFP_NOWARN,
					    inside_order, list);
	}
	if (useless) {
		useless--;
		return 0;
	}
	return release(give_back);
}

static bool out_of_memory(struct zonelist *list, gfp_t gfp,
			  unsigned int order)
{
	note('k');
	release(give_back);
	return true;
}

static void congestion_wait(void)
{
	note('c');
}

static const struct reclaim_hooks no_hooks;
static const struct reclaim_hooks all_hooks = {
	.wakeup_kswapd = wakeup_kswapd, .try_to_free_pages = try_to_free_pages,
	.out_of_memory = out_of_memory, .congestion_wait = congestion_wait,
};

/* --- the zone --- */

static struct page *get(gfp_t gfp, unsigned int order)
{
	return __alloc_pages(gfp | __GFP_NOWARN, order,
			     host_zonelist(&nodes, 0, gfp));
}

/* Marks 64, 80, 96 of 1024 pages; all else as it is. */
static int make(void **state)
{
	host_frames(FRAMES);
	host_nodes_init(&nodes, 1);
	zone = host_zone(&nodes, 0, ZONE_NORMAL, 0, FRAMES, NULL);
	host_nodes_done(&nodes);
	zone_set_marks(zone, 64, 80, 96);
	reclaim_hooks = no_hooks;
	calls[0] = '\0';
	nr_kept = give_back = useless = 0;
	inside = false;
	inside_order = 0;
	allocstall = 0;
	return host_setup(state);
}

static int unmake(void **state)
{
	reclaim_hooks = no_hooks;
	release(FRAMES);
	drain_zone_pages(zone);
	host_check(&nodes.set);
	assert_int_equal(zone->free_pages, FRAMES);
	return host_teardown(state);
}

#define SLOW_TEST(function) \
	cmocka_unit_test_setup_teardown(function, make, unmake)

/* Takes single pages until it fails; what is left, the CPU's too. */
static u32 take_until_it_fails(gfp_t gfp)
{
	struct page *page;

	while ((page = get(gfp, 0)))
		kept[nr_kept++] = page;
	return host_free_pages(zone);
}

static void expect_calls(const char *want)
{
	assert_string_equal(calls, want);
	calls[0] = '\0';
}

/* --- how far down --- */

static void floors(void **state)
{
	static const struct floor {
		gfp_t gfp;
		u32 least;	/* pages that it must leave */
	} floors[] = {
		{ GFP_KERNEL, 64 }, { GFP_USER, 64 }, { GFP_NOIO, 64 },
		{ __GFP_WAIT | __GFP_HIGH, 32 }, { 0, 48 },
		{ GFP_ATOMIC, 24 }, { __GFP_COLD, 48 },
	};
	size_t i;
	u32 left;

	for (i = 0; i < ARRAY_SIZE(floors); i++) {
		left = take_until_it_fails(floors[i].gfp);
		assert_int_equal(left, floors[i].least);
		/* the lists per CPU were emptied before it failed */
		assert_int_equal(nr_pcp_pages(zone), 0);
		release(FRAMES);
		drain_zone_pages(zone);
	}
}

/* A request of a higher class leaves the reserve, too. */
static void floor_of_another_class(void **state)
{
	zone->lowmem_reserve[ZONE_HIGHMEM] = 100;
	zone_set_marks(zone, 64, 80, 96);
	/* this node has no high memory: the class is the first zone's */
	assert_int_equal(take_until_it_fails(GFP_HIGHUSER), 64);
	release(FRAMES);
	zone->lowmem_reserve[ZONE_NORMAL] = 100;
	zone_set_marks(zone, 64, 80, 96);
	assert_int_equal(take_until_it_fails(GFP_HIGHUSER), 164);
	zone->lowmem_reserve[ZONE_HIGHMEM] = 0;
	zone->lowmem_reserve[ZONE_NORMAL] = 0;
	zone_set_marks(zone, 64, 80, 96);
}

/* Hundreds of pages are free, but no two that are buddies. */
static void floor_of_a_block(void **state)
{
	u32 i, left = 0;

	zone_set_marks(zone, 0, 0, 0);
	take_until_it_fails(GFP_ATOMIC);
	zone_set_marks(zone, 64, 80, 96);
	for (i = 0; i < nr_kept; i++)
		if (page_to_pfn(kept[i]) & 1)
			__free_pages(kept[i], 0);
		else
			kept[left++] = kept[i];
	nr_kept = left;
	drain_zone_pages(zone);
	assert_int_equal(zone->free_area[0].nr_free, FRAMES / 2);
	assert_int_equal(zone->free_pages, FRAMES / 2);
	assert_null(get(GFP_KERNEL, 3));
	assert_null(get(GFP_ATOMIC, 3));
}

/* Below pages_low kswapd is woken; above it nobody is. */
static void wakes_kswapd(void **state)
{
	struct page *page;

	reclaim_hooks = all_hooks;
	reclaim_hooks.try_to_free_pages = NULL;
	while (!*calls) {
		assert_true(host_free_pages(zone) >= 80);
		page = get(GFP_KERNEL, 0);
		assert_non_null(page);
		kept[nr_kept++] = page;
	}
	assert_int_equal(host_free_pages(zone), 79);
	expect_calls("w");
}

/* --- reclaim --- */

static void reclaim_gets_pages(void **state)
{
	struct page *page;

	take_until_it_fails(GFP_KERNEL);
	reclaim_hooks = all_hooks;
	give_back = 32;
	page = get(GFP_KERNEL, 0);
	assert_non_null(page);
	expect_calls("wr");
	assert_int_equal(allocstall, 1);
	kept[nr_kept++] = page;
	/* who may not wait does not reclaim */
	give_back = 0;
	take_until_it_fails(0);
	calls[0] = '\0';
	assert_null(get(0, 0));
	expect_calls("w");
}

/* No progress at all: OOM kills, and all begins anew. */
static void oom_kill_frees_pages(void **state)
{
	struct page *page;

	take_until_it_fails(GFP_KERNEL);
	reclaim_hooks = all_hooks;
	useless = 1;
	give_back = 40;
	page = get(GFP_KERNEL, 0);
	assert_non_null(page);
	kept[nr_kept++] = page;
	expect_calls("wrk");
}

/* The first kill frees nothing: all over again, and the second one does. */
static bool second_kill(struct zonelist *list, gfp_t gfp, unsigned int order)
{
	note('k');
	if (strlen(calls) > 4)
		release(100);
	return true;
}

static void kills_until_it_helps(void **state)
{
	struct page *page;

	take_until_it_fails(GFP_KERNEL);
	reclaim_hooks = all_hooks;
	reclaim_hooks.out_of_memory = second_kill;
	page = get(GFP_KERNEL, 0);
	assert_non_null(page);
	kept[nr_kept++] = page;
	expect_calls("wrkwrk");
}

/* Another's kill, a moment ago, has freed enough: nobody is killed. */
static u32 freed_by_another(struct zonelist *list, gfp_t gfp,
			    unsigned int order)
{
	note('r');
	release(100);
	return 0;
}

static void no_second_kill(void **state)
{
	struct page *page;

	take_until_it_fails(GFP_KERNEL);
	reclaim_hooks = all_hooks;
	reclaim_hooks.try_to_free_pages = freed_by_another;
	page = get(GFP_KERNEL, 0);
	assert_non_null(page);
	kept[nr_kept++] = page;
	expect_calls("wr");
}

/* Progress, but too little: small blocks wait and try again. */
static void waits_and_tries_again(void **state)
{
	struct page *page;

	take_until_it_fails(GFP_ATOMIC);
	reclaim_hooks = all_hooks;
	give_back = 10;
	page = get(GFP_KERNEL, 0);	/* 24 + 10 * n must exceed 64 */
	assert_non_null(page);
	kept[nr_kept++] = page;
	expect_calls("wrcrcrcrcr");
	reclaim_hooks.congestion_wait = NULL;
	take_until_it_fails(GFP_ATOMIC);
	calls[0] = '\0';
	page = get(GFP_KERNEL, 0);
	assert_non_null(page);
	kept[nr_kept++] = page;
	expect_calls("wrrrrr");
}

/* Who gives up after one pass of reclaim, and who does not. */
static void who_tries_again(void **state)
{
	take_until_it_fails(GFP_ATOMIC);
	reclaim_hooks = all_hooks;
	give_back = 1;
	assert_null(get(GFP_KERNEL | __GFP_NORETRY, 0));
	expect_calls("wr");
	assert_null(get(GFP_KERNEL, 4));
	expect_calls("wr");
	give_back = 0;
	assert_null(get(GFP_KERNEL | __GFP_NORETRY, 4));
	expect_calls("wr");
	/* without FS nobody is killed */
	reclaim_hooks.out_of_memory = NULL;
	assert_null(get(GFP_NOFS, 0));
	expect_calls("wr");
	assert_null(get(GFP_KERNEL, 0));
	expect_calls("wr");
}

/* GFP_REPEAT tries as small blocks do, NOFAIL whatever the order. */
static void repeat_and_nofail(void **state)
{
	static const gfp_t flags[] = { __GFP_REPEAT, __GFP_NOFAIL };
	struct page *page;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		take_until_it_fails(GFP_ATOMIC);
		reclaim_hooks = all_hooks;
		give_back = 10;
		page = get(GFP_KERNEL | flags[i], 4);
		assert_non_null(page);
		assert_true(strstr(calls, "crcr") != NULL);
		__free_pages(page, 4);
		calls[0] = '\0';
		reclaim_hooks = no_hooks;
	}
}

/* --- inside reclaim --- */

static void reclaim_may_use_all(void **state)
{
	struct page *page;

	take_until_it_fails(GFP_ATOMIC);
	reclaim_hooks = all_hooks;
	give_back = 50;
	inside = true;
	inside_gfp = GFP_KERNEL;
	page = get(GFP_KERNEL, 0);
	assert_non_null(inside_page);	/* below every mark */
	kept[nr_kept++] = inside_page;
	kept[nr_kept++] = page;

	/* unless it says that it does not want to; then it fails: it does not
	 * reclaim again by itself */
	take_until_it_fails(GFP_ATOMIC);
	calls[0] = '\0';
	inside_gfp = GFP_KERNEL | __GFP_NOMEMALLOC;
	page = get(GFP_KERNEL, 0);
	assert_null(inside_page);
	assert_non_null(page);
	kept[nr_kept++] = page;
	expect_calls("wrw");
}

/* Two pages that the CPU keeps are a block once it gives them back. */
static void reclaim_may_use_what_draining_makes(void **state)
{
	struct page *page;

	zone_set_marks(zone, 0, 0, 0);
	take_until_it_fails(GFP_ATOMIC);
	zone_set_marks(zone, 64, 80, 96);
	assert_int_equal(host_free_pages(zone), 0);
	reclaim_hooks = all_hooks;
	give_back = 200;
	inside = true;
	inside_order = 1;
	inside_gfp = GFP_KERNEL;
	page = get(GFP_KERNEL, 0);
	assert_non_null(inside_page);
	assert_int_equal(page_to_pfn(inside_page), FRAMES - 2);
	__free_pages(inside_page, 1);
	kept[nr_kept++] = page;
}

/* --- failure --- */

static void failure_is_told(void **state)
{
	struct zonelist *list = host_zonelist(&nodes, 0, 0);

	take_until_it_fails(GFP_ATOMIC);
	assert_null(__alloc_pages(GFP_ATOMIC, 2, list));
	host_expect_warnings(1, "page allocation failure. order:2, mode:0x20");
	assert_null(__alloc_pages(GFP_ATOMIC | __GFP_NOWARN, 2, list));
	assert_int_equal(host_warnings(), 0);
	assert_null(__alloc_pages(0, MAX_ORDER, list));
	EXPECT_DEATH("no memory for a request that must not fail: order 0",
		     __alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 0, list));
	/* with hooks, too, if none of them gets anything */
	reclaim_hooks.try_to_free_pages = try_to_free_pages;
	EXPECT_DEATH("no memory for a request that must not fail",
		     __alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 0, list));
}

static void no_zone_at_all(void **state)
{
	struct zonelist *list = host_zonelist(&nodes, 0, __GFP_DMA);

	assert_null(list->zones[0]);
	assert_null(__alloc_pages(__GFP_DMA, 0, list));
	assert_null(alloc_single(__GFP_DMA, list));
	host_expect_warnings(2, "page allocation failure. order:0");
}

/* --- what is counted --- */

static void expect_counts(struct zone *z, u32 hit, u32 miss, u32 foreign,
			  u32 pages)
{
	struct zone_counters c;

	zone_count(z, 0, &c);
	assert_int_equal(c.numa_hit, hit);
	assert_int_equal(c.numa_miss, miss);
	assert_int_equal(c.numa_foreign, foreign);
	assert_int_equal(c.pgalloc, pages);
	assert_int_equal(c.local_node + c.other_node, hit + miss);
	if (z->zone_pgdat->node_id == 0)
		assert_int_equal(c.local_node, hit + miss);
	else
		assert_int_equal(c.other_node, hit + miss);
}

/* Node 0 has 8 pages: what does not fit comes from node 1. */
static void counters(void **state)
{
	static struct host_nodes two;
	struct page *page[16];
	struct zone *a, *b;
	struct zone_counters c;
	unsigned int i;

	host_nodes_init(&two, 2);
	host_frames(128);
	a = host_zone(&two, 0, ZONE_NORMAL, 0, 8, NULL);
	b = host_zone(&two, 1, ZONE_NORMAL, 64, 128, NULL);
	host_nodes_done(&two);
	for (i = 0; i < 10; i++)
		page[i] = __alloc_pages(0, 0, host_zonelist(&two, 0, 0));
	expect_counts(a, 8, 0, 2, 8);
	expect_counts(b, 0, 2, 0, 2);
	page[10] = __alloc_pages(0, 3, host_zonelist(&two, 1, 0));
	expect_counts(b, 1, 2, 0, 10);
	for (i = 0; i < 10; i++)
		__free_pages(page[i], 0);
	__free_pages(page[10], 3);
	zone_count(a, 0, &c);
	assert_int_equal(c.pgfree, 8);
	zone_count(b, 0, &c);
	assert_int_equal(c.pgfree, 10);
	drain_local_pages(&two.set);
	host_check(&two.set);
	make(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SLOW_TEST(floors),
		SLOW_TEST(floor_of_another_class),
		SLOW_TEST(floor_of_a_block),
		SLOW_TEST(wakes_kswapd),
		SLOW_TEST(reclaim_gets_pages),
		SLOW_TEST(oom_kill_frees_pages),
		SLOW_TEST(kills_until_it_helps),
		SLOW_TEST(no_second_kill),
		SLOW_TEST(waits_and_tries_again),
		SLOW_TEST(who_tries_again),
		SLOW_TEST(repeat_and_nofail),
		SLOW_TEST(reclaim_may_use_all),
		SLOW_TEST(reclaim_may_use_what_draining_makes),
		SLOW_TEST(failure_is_told),
		SLOW_TEST(no_zone_at_all),
		SLOW_TEST(counters),
	};

	return cmocka_run_group_tests_name("slow path", tests, NULL, NULL);
}
