/* Caches of objects that are asked to become smaller. */
#include <mm/page/gfp.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/vmscan.h>
#include "ktest.h"

static u32 objects, calls;
static bool forbidden;

static int shrink(u32 nr_to_scan, gfp_t gfp)
{
	if (!nr_to_scan)
		return (int)objects;
	EXPECT_EQ(nr_to_scan, 128);
	calls++;
	if (forbidden)
		return -1;
	objects -= nr_to_scan < objects ? nr_to_scan : objects;
	return (int)objects;
}

static struct shrinker shrinker;

static void begin(u32 n, u32 seeks)
{
	objects = n;
	calls = 0;
	forbidden = false;
	shrinker.shrink = shrink;
	shrinker.seeks = seeks;
	register_shrinker(&shrinker);
}

TEST(shrinker, same_share_as_of_pages)
{
	u32 scanned = vm_event_sum(SLABS_SCANNED);

	begin(10000, DEFAULT_SEEKS);
	/* a tenth of the pages: two tenths, as one costs two seeks */
	EXPECT_EQ(shrink_slab(100, GFP_KERNEL, 999), 15 * 128);
	EXPECT_EQ(calls, 15);
	EXPECT_EQ(vm_event_sum(SLABS_SCANNED), scanned + 15 * 128);
	/* 2000 - 1920 were left over */
	EXPECT_EQ(shrinker.nr, 80);
	unregister_shrinker(&shrinker);
	/* dear ones go more slowly */
	begin(10000, 8 * DEFAULT_SEEKS);
	EXPECT_EQ(shrink_slab(100, GFP_KERNEL, 999), 128);
	unregister_shrinker(&shrinker);
	EXPECT_EQ(shrink_slab(1000, GFP_KERNEL, 1), 0);
	EXPECT_EQ(calls, 1);
}

TEST(shrinker, little_adds_up)
{
	u32 i;

	begin(1000, DEFAULT_SEEKS);
	for (i = 0; i < 12; i++)
		EXPECT_EQ(shrink_slab(5, GFP_KERNEL, 999), 0);
	EXPECT_EQ(shrinker.nr, 120);
	EXPECT_EQ(shrink_slab(5, GFP_KERNEL, 999), 128);
	unregister_shrinker(&shrinker);
}

/* What could not be done is due later, but not without end. */
TEST(shrinker, not_now)
{
	u32 i;

	begin(1000, DEFAULT_SEEKS);
	forbidden = true;
	for (i = 0; i < 10; i++)
		EXPECT_EQ(shrink_slab(500, GFP_NOFS, 999), 0);
	EXPECT_EQ(calls, 10);
	EXPECT_EQ(shrinker.nr, 2000);
	forbidden = false;
	EXPECT_EQ(shrink_slab(1, GFP_KERNEL, 999), 1000);
	EXPECT_EQ(objects, 0);
	unregister_shrinker(&shrinker);
}
