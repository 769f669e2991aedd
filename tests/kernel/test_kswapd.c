/*
 * The thread that finds pages in advance: woken below pages_low, of the
 * machine's own zones. Marks are raised so that what is free now is too little;
 * what it can find are pages of a file of the tests'.
 */
#include <kernel/cpu/time.h>
#include <kernel/sched/task.h>
#include <mm/page/page_alloc.h>
#include <mm/page/vmstat.h>
#include "private_node.h"
#include "reclaim_pages.h"

#define PAGES 512U

static struct fake_file fake;
static struct page *page[PAGES];

/* Pages of one zone, clean, on its inactive list: the zone, NULL: a machine
 * that is too small. */
static struct zone *begin(void)
{
	struct zone *zone = node_zonelist(numa_node_id(), GFP_KERNEL)->zones[0];
	u32 i;

	if (zone->free_pages < zone->pages_high + 2 * PAGES) {
		test_skip("this machine has too little memory");
		return NULL;
	}
	if (!fake_init(&fake, FAKE_AT_ONCE))
		return NULL;
	for (i = 0; i < PAGES; i++) {
		page[i] = alloc_pages_node(numa_node_id(), GFP_KERNEL, 0);
		if (!EXPECT(page[i]) ||
		    !give_to_file(&fake, page[i], i))
			return NULL;
		lru_cache_add(page[i]);
	}
	lru_add_drain();
	drain_zone_pages(zone);
	return zone;
}

static void end(void)
{
	setup_per_zone_pages_min(&machine_nodes, min_free_kbytes);
	fake_end(&fake);
}

/* Of this zone; all others of the list have less than low, so that somebody is
 * woken, and more than high, so that nothing is to be done there. */
static void set_marks(struct zone *zone, u32 low, u32 high)
{
	struct zone **z = node_zonelist(numa_node_id(), GFP_KERNEL)->zones;

	for (; *z; z++)
		if (*z != zone)
			zone_set_marks(*z, (*z)->pages_min,
				       (*z)->present_pages,
				       (*z)->free_pages / 2);
	zone_set_marks(zone, zone->pages_min, low, high);
}

/* What is free is too little by so many pages. */
static void raise_marks(struct zone *zone, u32 lacks)
{
	u32 high = zone->free_pages + lacks;

	set_marks(zone, high - lacks / 2, high);
}

/* An allocation that finds too little; the page goes back. */
static void ask(void)
{
	struct page *asked = alloc_page(GFP_ATOMIC);

	EXPECT(asked);
	if (asked)
		__free_page(asked);
}

/* Until the zone has more than its mark; false: not within so many ms. */
static bool until_high(struct zone *zone, u32 ms)
{
	u32 end = jiffies + ms * hz / 1000 + 1;

	while (zone->free_pages <= zone->pages_high) {
		if (time_after(jiffies, end))
			return false;
		msleep(1);
	}
	return true;
}

TEST(kswapd, works_from_low_to_high)
{
	u32 runs = vm_event_sum(PAGEOUTRUN), scan = vm_event_sum(PGSCAN_KSWAPD);
	u32 direct = vm_event_sum(PGSCAN_DIRECT), lacks = 200;
	struct zone *zone = begin();

	if (!zone)
		return;
	/* there is enough: it sleeps */
	ask();
	msleep(20);
	EXPECT_EQ(vm_event_sum(PAGEOUTRUN), runs);
	raise_marks(zone, lacks);
	ask();
	EXPECT(until_high(zone, 500));
	EXPECT(vm_event_sum(PAGEOUTRUN) > runs);
	/* clean pages all go: not many more are looked at than are wanted */
	EXPECT(vm_event_sum(PGSCAN_KSWAPD) - scan <= 3 * lacks);
	EXPECT_EQ(vm_event_sum(PGSCAN_DIRECT), direct);
	EXPECT(fake.mapping.nrpages <= PAGES - lacks + SWAP_CLUSTER_MAX);
	/* and sleeps again */
	msleep(20);
	runs = vm_event_sum(PAGEOUTRUN);
	ask();
	msleep(20);
	EXPECT_EQ(vm_event_sum(PAGEOUTRUN), runs);
	end();
}

/* Between low and high nobody wakes it. */
TEST(kswapd, sleeps_above_low)
{
	u32 runs = vm_event_sum(PAGEOUTRUN);
	struct zone *zone = begin();

	if (!zone)
		return;
	set_marks(zone, zone->free_pages - 64, zone->free_pages + 64);
	ask();
	msleep(20);
	EXPECT_EQ(vm_event_sum(PAGEOUTRUN), runs);
	EXPECT_EQ(fake.mapping.nrpages, PAGES);
	end();
}

/* There is nothing to be had: it gives up, and does not keep the CPU. */
TEST(kswapd, gives_up)
{
	struct zone *zone = begin();
	u32 i, runs;

	if (!zone)
		return;
	for (i = 0; i < PAGES; i++)
		get_page(page[i]);
	set_marks(zone, zone->present_pages, zone->present_pages);
	for (i = 0; i < 10; i++) {
		ask();
		msleep(10);
	}
	runs = vm_event_sum(PAGEOUTRUN);
	msleep(50);
	EXPECT_EQ(vm_event_sum(PAGEOUTRUN), runs);
	EXPECT(fake.mapping.nrpages == PAGES);
	for (i = 0; i < PAGES; i++)
		put_page(page[i]);
	end();
}

/* Private zones are none of its business. */
TEST_PRIVATE(kswapd, private_zones_do_not_wake_it, 4)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 16);
	u32 runs = vm_event_sum(PAGEOUTRUN);

	private_ready();
	zone_set_marks(zone, 20, 30, 40);
	wakeup_kswapd(zone, 0);
	msleep(20);
	EXPECT_EQ(vm_event_sum(PAGEOUTRUN), runs);
}
