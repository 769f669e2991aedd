/*
 * Watermarks: how empty a zone may become. ULK3 section 8.1.8.
 *
 * 1. Three marks a zone. Below pages_low the background reclaim is woken, and
 *    works until pages_high; below pages_min ordinary requests must reclaim by
 *    themselves. What is left below belongs to those who may not wait, and to
 *    reclaim itself.
 *
 * 2. Their size. min_free_kbytes grows with the square root of lowmem: a larger
 *    machine needs more, but not in proportion. Each lowmem zone gets its share
 *    by size. High memory is needed by nobody who cannot wait, so it keeps a
 *    token only. Quarters of pages_min lie between the marks.
 *
 * 3. lowmem_reserve. A request that could have used a higher zone must not use
 *    up a lower one, which others cannot do without: reserve[z][class] is what
 *    lies in the zones above z up to class, divided by a ratio. With 4 GB a
 *    HIGHMEM request gets nothing at all from DMA.
 *
 * 4. hot_mark = pages_low + lowmem_reserve[own type] is derived, so that the
 *    most frequent test, one page for the zone's own class against pages_low,
 *    is one comparison.
 *
 * Lock: zone->lock while marks change. Reading them takes none.
 */
#include <kernel/lib/bug.h>
#include <mm/page/mmzone.h>

#define MIN_FREE_LEAST 128U	/* the reference's, in KB */
#define MIN_FREE_MOST 65536U
#define HIGH_MIN_LEAST 32U	/* pages_min of high memory */
#define HIGH_MIN_MOST 128U

u32 min_free_kbytes;

/* The reference's: one page kept in the lower zone for so many above it. */
static const u32 reserve_ratio[MAX_NR_ZONES] = { 256, 32, 1 };

u32 int_sqrt(u32 x)
{
	u32 root = 0, bit = 1U << 30;

	while (bit) {
		if (x >= root + bit) {
			x -= root + bit;
			root += bit << 1;
		}
		root >>= 1;
		bit >>= 2;
	}
	return root;
}

static u32 lowmem_pages(const struct node_set *set)
{
	struct zone *zone;
	unsigned int i;
	u32 pages = 0;

	for_each_zone_of(set, zone, i)
		if (zone->type != ZONE_HIGHMEM)
			pages += zone->present_pages;
	return pages;
}

u32 default_min_free_kbytes(const struct node_set *set)
{
	u32 kbytes = lowmem_pages(set) << (PAGE_SHIFT - 10);

	/* 896 MB * 16 in KB are 14.7 million: no overflow */
	kbytes = int_sqrt(kbytes * 16);
	return max(MIN_FREE_LEAST, min(kbytes, MIN_FREE_MOST));
}

void zone_set_marks(struct zone *zone, u32 pages_min, u32 low, u32 high)
{
	u32 flags = spin_lock_irqsave(&zone->lock);

	zone->pages_min = pages_min;
	zone->pages_low = low;
	zone->pages_high = high;
	zone->hot_mark = low + zone->lowmem_reserve[zone->type];
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* Pages of the zones above lower, up to class. */
static u32 pages_between(const pg_data_t *pgdat, unsigned int lower,
			 unsigned int class)
{
	u32 pages = 0;

	for (; class > lower; class--)
		pages += pgdat->node_zones[class].present_pages;
	return pages;
}

u32 zone_reserve(const pg_data_t *pgdat, enum zone_type lower,
		 unsigned int class)
{
	return pages_between(pgdat, lower, class) / reserve_ratio[lower];
}

static void set_reserves(pg_data_t *pgdat)
{
	unsigned int lower, class;

	for (lower = 0; lower < MAX_NR_ZONES; lower++)
		for (class = 0; class < MAX_NR_ZONES; class++)
			pgdat->node_zones[lower].lowmem_reserve[class] =
				zone_reserve(pgdat, lower, class);
}

static u32 zone_min(const struct zone *zone, u32 min_pages, u32 low_pages)
{
	u32 present = zone->present_pages;

	if (zone->type == ZONE_HIGHMEM)
		return max(HIGH_MIN_LEAST, min(present / 1024, HIGH_MIN_MOST));
	/* 16384 * 229376 still fits into 32 bits */
	return low_pages ? min_pages * present / low_pages : 0;
}

void setup_per_zone_pages_min(struct node_set *set, u32 kbytes)
{
	u32 low_pages = lowmem_pages(set);
	u32 min_pages = kbytes >> (PAGE_SHIFT - 10);
	struct zone *zone;
	unsigned int i;

	BUG_ON(kbytes < MIN_FREE_LEAST || kbytes > MIN_FREE_MOST,
	       "min_free_kbytes is out of its bounds");
	for (i = 0; i < set->nr; i++)
		set_reserves(set->node[i]);
	for_each_zone_of(set, zone, i) {
		u32 mark = 0;

		if (populated_zone(zone))
			mark = zone_min(zone, min_pages, low_pages);
		zone_set_marks(zone, mark, mark * 5 / 4, mark * 6 / 4);
	}
}

bool zone_watermark_ok(const struct zone *zone, unsigned int order, u32 mark,
		       enum zone_type classzone, unsigned int flags)
{
	s32 free = (s32)zone->free_pages - (1 << order) + 1;
	s32 least = (s32)mark;
	unsigned int o;

	if (flags & ALLOC_HIGH)
		least -= least / 2;
	if (flags & ALLOC_HARDER)
		least -= least / 4;
	if (free <= least + (s32)zone->lowmem_reserve[classzone])
		return false;
	for (o = 0; o < order; o++) {
		/* blocks of this order are too small: they do not count */
		free -= (s32)(zone->free_area[o].nr_free << o);
		least >>= 1;
		if (free <= least)
			return false;
	}
	return true;
}
