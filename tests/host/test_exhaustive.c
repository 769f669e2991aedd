/*
 * Every sequence of operations up to a depth, on zones of at most 16 frames: in
 * each state each order is allocated and each block that is out is freed.
 * Nothing is left out because it looks like something seen before.
 *
 * What the free lists must be follows from which frames are free: the largest
 * aligned free blocks, and no others, as buddies always merge. So the model is
 * one bit a frame.
 *
 * DEPTH in the environment changes how deep it goes.
 */
#include "zones.h"
#include <mm/page/internal.h>

#define FRAMES 32U
#define ORDERS 5U	/* 1 to 16 pages; one more must always fail */

static struct host_nodes nodes;
static struct zone *zone;
static u32 ram;			/* a bit a frame */
static u32 free_frames;
static u64 states;

static struct {
	u32 pfn;
	unsigned int order;
} out[FRAMES];
static unsigned int nr_out;

/* All that an operation may change. */
struct snapshot {
	struct zone zone;
	struct page page[FRAMES];
	u32 free_frames;
};

static u32 frames_of(u32 pfn, unsigned int order)
{
	return ((1U << (1U << order)) - 1) << pfn;
}

/* The order of the free block that begins at pfn; -1: none does. */
static int model_block_at(u32 pfn)
{
	int order;

	for (order = ORDERS - 1; order >= 0; order--) {
		u32 head = pfn & ~((1U << order) - 1);
		u32 frames = frames_of(head, (unsigned int)order);

		if ((free_frames & frames) == frames)
			return head == pfn ? order : -1;
	}
	return -1;
}

static void compare(void)
{
	u32 counted[MAX_ORDER] = { 0 }, pfn, pages = 0;
	unsigned int order;

	for (pfn = 0; pfn < FRAMES; pfn++) {
		u32 flags = pfn_to_page(pfn)->flags;
		int block = model_block_at(pfn);

		if (block >= 0) {
			counted[block]++;
			assert_int_equal(flags, buddy_flags(zone,
						(unsigned int)block));
		} else if (ram >> pfn & 1) {
			assert_int_equal(flags, zone_flags(zone));
		} else {
			assert_true(flags >> PG_reserved & 1);
		}
		pages += free_frames >> pfn & 1;
	}
	for (order = 0; order < MAX_ORDER; order++)
		assert_int_equal(zone->free_area[order].nr_free,
				 counted[order]);
	assert_int_equal(zone->free_pages, pages);
	host_check_lists(zone);
	states++;
}

/* The order of the block that a request must be cut from; -1: there is none. */
static int model_source(unsigned int order)
{
	unsigned int o;

	for (o = order; o < ORDERS; o++)
		if (zone->free_area[o].nr_free)
			return (int)o;
	return -1;
}

static void take(unsigned int order)
{
	int source = model_source(order);
	struct page *page = host_take(zone, order);
	u32 pfn, head;

	if (source < 0) {
		assert_null(page);
		return;
	}
	assert_non_null(page);
	pfn = page_to_pfn(page);
	head = pfn & ~((1U << source) - 1);
	/* the lower end of a block of that order, which was wholly free */
	assert_int_equal(pfn, head);
	assert_int_equal(model_block_at(head), source);
	free_frames &= ~frames_of(pfn, order);
	out[nr_out].pfn = pfn;
	out[nr_out++].order = order;
}

static void give(unsigned int i)
{
	u32 pfn = out[i].pfn;
	unsigned int order = out[i].order;

	host_give(zone, pfn_to_page(pfn), order);
	free_frames |= frames_of(pfn, order);
	out[i] = out[--nr_out];
}

static void save(struct snapshot *s)
{
	s->zone = *zone;
	memcpy(s->page, mem_map, sizeof(s->page));
	s->free_frames = free_frames;
}

static void restore(const struct snapshot *s)
{
	*zone = s->zone;
	memcpy(mem_map, s->page, sizeof(s->page));
	free_frames = s->free_frames;
}

static void explore(unsigned int depth)
{
	struct snapshot s;
	unsigned int order, i, before = nr_out;

	compare();
	if (!depth)
		return;
	save(&s);
	for (order = 0; order <= ORDERS; order++) {
		take(order);
		explore(depth - 1);
		nr_out = before;
		restore(&s);
	}
	for (i = 0; i < before; i++) {
		u32 pfn = out[i].pfn;

		order = out[i].order;
		give(i);
		explore(depth - 1);
		/* undo: the last one took its place */
		nr_out = before;
		out[before - 1] = out[i];
		out[i].pfn = pfn;
		out[i].order = order;
		restore(&s);
	}
}

static bool is_ram(u32 pfn)
{
	return ram >> pfn & 1;
}

static void run(u32 frames, unsigned int depth)
{
	u32 start = (u32)__builtin_ctz(frames);

	ram = free_frames = frames;
	nr_out = 0;
	states = 0;
	host_frames(FRAMES);
	host_nodes_init(&nodes, 1);
	zone = host_zone(&nodes, 0, ZONE_NORMAL, start,
			 32 - (u32)__builtin_clz(frames), is_ram);
	host_nodes_done(&nodes);
	depth = host_env("DEPTH", depth);
	explore(depth);
	print_message("# frames %08x, depth %u: %llu states\n", frames, depth,
		      states);
}

static void one_block(void **state)
{
	run(0x0000ffff, 7);
}

static void two_blocks_that_are_no_buddies(void **state)
{
	run(0x00ffff00, 7);
}

static void odd_borders(void **state)
{
	run(0x0001fffe, 7);
}

static void a_hole(void **state)
{
	run(0x0000fbff, 7);
}

static void every_second_frame(void **state)
{
	run(0x55555555, 7);
}

static void two_holes_and_a_rest(void **state)
{
	run(0x0007e7f8, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(one_block),
		HOST_TEST(two_blocks_that_are_no_buddies),
		HOST_TEST(odd_borders),
		HOST_TEST(a_hole),
		HOST_TEST(every_second_frame),
		HOST_TEST(two_holes_and_a_rest),
	};

	return cmocka_run_group_tests_name("exhaustive", tests, NULL, NULL);
}
