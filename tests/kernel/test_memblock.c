/*
 * memblock: the classic allocation cases, each top-down and bottom-up; the
 * edges of every call; a checker that must find what a test breaks; then random
 * steps against one byte a page.
 */
#include "ktest.h"
#include <kernel/base/printk.h>
#include <kernel/cpu/page.h>
#include <kernel/lib/errno.h>
#include <mm/early/memblock.h>

#define START ((phys_addr_t)0x100000)
#define END ((phys_addr_t)0x108000)
#define SIZE (END - START)
#define TOP (~(phys_addr_t)0)

static struct memblock mb;
static struct memblock before;

/* Each case is drawn as [ taken ] over one range of RAM | START .. END |. */
static void setup(bool bottom_up)
{
	memblock_init(&mb);
	mb.bottom_up = bottom_up;
	memblock_add(&mb, START, SIZE);
}

static const char *verdict(void)
{
	const char *wrong = memblock_check(&mb);

	return wrong ? wrong : "sound";
}

static const char *owner_at(phys_addr_t addr)
{
	const char *owner = memblock_owner(&mb, addr);

	return owner ? owner : "nobody";
}

#define EXPECT_REGION(region, base_, size_) do {			\
	EXPECT_EQ((region).base, base_);				\
	EXPECT_EQ((region).size, size_);				\
} while (0)

#define EXPECT_LIST(list, cnt_, total) do {				\
	EXPECT_EQ((list).cnt, cnt_);					\
	EXPECT_EQ((list).total_size, total);				\
	EXPECT_STREQ(verdict(), "sound");				\
} while (0)

/* One body, two cases: NAME_top_down and NAME_bottom_up. */
#define TEST_BOTH(name)							\
	static void name(bool bottom_up);				\
	TEST(memblock, name##_top_down) { name(false); }		\
	TEST(memblock, name##_bottom_up) { name(true); }		\
	static void name(bool bottom_up)

/* |          [new]|	|[new]          | */
TEST_BOTH(alloc_simple)
{
	phys_addr_t want = bottom_up ? START : END - 0x400;

	setup(bottom_up);
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x400, 64, "t"), want);
	EXPECT_REGION(mb.reserved.regions[0], want, 0x400);
	EXPECT_STREQ(mb.reserved.regions[0].owner, "t");
	EXPECT_LIST(mb.reserved, 1, 0x400);
	EXPECT_LIST(mb.memory, 1, SIZE);
}

/* |     [new] [odd] |	| [odd] [new]     | */
TEST_BOTH(alloc_disjoint_from_misaligned)
{
	phys_addr_t odd = bottom_up ? START + 0x11 : END - 0x91;
	phys_addr_t want = bottom_up ? START + 0xc0 : END - 0x4c0;
	unsigned int at = bottom_up ? 1 : 0;

	setup(bottom_up);
	memblock_reserve(&mb, odd, 0x80, "t");
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x400, 64, "t"), want);
	EXPECT_REGION(mb.reserved.regions[at], want, 0x400);
	EXPECT_REGION(mb.reserved.regions[1 - at], odd, 0x80);
	EXPECT_LIST(mb.reserved, 2, 0x480);
}

/* |        [old|new]|	|[old|new]        | */
TEST_BOTH(alloc_joins_region_before)
{
	phys_addr_t old = bottom_up ? START : END - 0xc00;

	setup(bottom_up);
	memblock_reserve(&mb, old, 0x400, "t");
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x800, 64, "t"), old + 0x400);
	EXPECT_REGION(mb.reserved.regions[0], old, 0xc00);
	EXPECT_LIST(mb.reserved, 1, 0xc00);
}

/* |        [new|old]|	|[new|old]        | */
TEST_BOTH(alloc_joins_region_after)
{
	phys_addr_t old = bottom_up ? START + 0x800 : END - 0x400;

	setup(bottom_up);
	memblock_reserve(&mb, old, 0x400, "t");
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x800, 64, "t"), old - 0x800);
	EXPECT_REGION(mb.reserved.regions[0], old - 0x800, 0xc00);
	EXPECT_LIST(mb.reserved, 1, 0xc00);
}

/* As above, but the neighbour has another owner: two regions that touch. */
TEST_BOTH(alloc_beside_another_owner)
{
	phys_addr_t old = bottom_up ? START : END - 0x400;
	phys_addr_t want = bottom_up ? START + 0x400 : END - 0xc00;
	unsigned int at = bottom_up ? 1 : 0;

	setup(bottom_up);
	memblock_reserve(&mb, old, 0x400, "other");
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x800, 64, "t"), want);
	EXPECT_REGION(mb.reserved.regions[at], want, 0x800);
	EXPECT_REGION(mb.reserved.regions[1 - at], old, 0x400);
	EXPECT_LIST(mb.reserved, 2, 0xc00);
}

/* |  [new|r2] small [r1]|	|[r1] small [r2|new]  | */
TEST_BOTH(alloc_second_fit)
{
	phys_addr_t r1 = bottom_up ? START : END - 0x400;
	phys_addr_t r2 = bottom_up ? START + 0x600 : END - 0xa00;
	phys_addr_t want = bottom_up ? r2 + 0x400 : r2 - 0x400;
	unsigned int at = bottom_up ? 1 : 0;

	setup(bottom_up);
	memblock_reserve(&mb, r1, 0x400, "t");
	memblock_reserve(&mb, r2, 0x400, "t");
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x400, 64, "t"), want);
	EXPECT_REGION(mb.reserved.regions[at], min(r2, want), 0x800);
	EXPECT_REGION(mb.reserved.regions[1 - at], r1, 0x400);
	EXPECT_LIST(mb.reserved, 2, 0xc00);
}

/* |     [r2|new|r1]|	|[r1|new|r2]     | */
TEST_BOTH(alloc_exact_fit_joins_three)
{
	phys_addr_t base = bottom_up ? START : END - 0xc00;

	setup(bottom_up);
	memblock_reserve(&mb, base, 0x400, "t");
	memblock_reserve(&mb, base + 0x800, 0x400, "t");
	EXPECT_LIST(mb.reserved, 2, 0x800);
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x400, 64, "t"), base + 0x400);
	EXPECT_REGION(mb.reserved.regions[0], base, 0xc00);
	EXPECT_LIST(mb.reserved, 1, 0xc00);
}

/* |[r] [r] [r] [r] [r] [r] [r] [r] |, each gap of 0x80 */
TEST_BOTH(alloc_gaps_too_small)
{
	phys_addr_t base;

	setup(bottom_up);
	for (base = START; base < END; base += 0x1000)
		memblock_reserve(&mb, base, 0xf80, "t");
	EXPECT_LIST(mb.reserved, 8, SIZE - 8 * 0x80);
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x100, 64, "t"), 0);
	EXPECT_LIST(mb.reserved, 8, SIZE - 8 * 0x80);
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x80, 64, "t"),
		  bottom_up ? START + 0xf80 : END - 0x80);
}

/* |[             r             ]| */
TEST_BOTH(alloc_all_reserved)
{
	setup(bottom_up);
	memblock_reserve(&mb, START, SIZE, "t");
	EXPECT_EQ(memblock_phys_alloc(&mb, 1, 1, "t"), 0);
	EXPECT_REGION(mb.reserved.regions[0], START, SIZE);
	EXPECT_LIST(mb.reserved, 1, SIZE);
}

/* |[    r    ] 256 [     r     ]|, and 1 KB is asked */
TEST_BOTH(alloc_more_than_is_left)
{
	setup(bottom_up);
	memblock_reserve(&mb, START, SIZE, "t");
	memblock_free(&mb, START + 0x4000, 256);
	EXPECT_EQ(memblock_phys_alloc(&mb, 1024, 64, "t"), 0);
	EXPECT_LIST(mb.reserved, 2, SIZE - 256);
}

/* |[    r    ] 256 [     r     ]|, and 256 bytes are asked */
TEST_BOTH(alloc_all_that_is_left)
{
	setup(bottom_up);
	memblock_reserve(&mb, START, SIZE, "t");
	memblock_free(&mb, START + 0x4000, 256);
	EXPECT_EQ(memblock_phys_alloc(&mb, 256, 64, "t"), START + 0x4000);
	EXPECT_REGION(mb.reserved.regions[0], START, SIZE);
	EXPECT_LIST(mb.reserved, 1, SIZE);
}

TEST_BOTH(alloc_without_memory)
{
	setup(bottom_up);
	memblock_init(&mb);
	mb.bottom_up = bottom_up;
	EXPECT_EQ(memblock_phys_alloc(&mb, 1, 1, "t"), 0);
	EXPECT_LIST(mb.memory, 0, 0);
	EXPECT_LIST(mb.reserved, 0, 0);
}

/* |  RAM  | hole |  RAM  |: the two do not add up to one gap */
TEST_BOTH(alloc_never_spans_a_hole)
{
	setup(bottom_up);
	memblock_add(&mb, END + 1, SIZE);
	EXPECT_EQ(memblock_phys_alloc(&mb, SIZE + 1, 1, "t"), 0);
	EXPECT_EQ(memblock_phys_alloc(&mb, SIZE, 1, "t"),
		  bottom_up ? START : END + 1);
	EXPECT_EQ(memblock_phys_alloc(&mb, SIZE, 1, "t"),
		  bottom_up ? END + 1 : START);
	EXPECT_LIST(mb.reserved, 2, 2 * SIZE);
}

TEST_BOTH(alloc_aligned)
{
	phys_addr_t align;

	setup(bottom_up);
	memblock_reserve(&mb, START, 1, "t");
	memblock_reserve(&mb, END - 1, 1, "t");
	for (align = 1; align <= 0x4000; align <<= 1) {
		phys_addr_t got = memblock_phys_alloc(&mb, 1, align, "a");
		phys_addr_t want = bottom_up ? START + align : END - align;

		/* 1 byte in, then each power of two is free in its turn */
		EXPECT_EQ(got, align == 1 && !bottom_up ? END - 2 : want);
		EXPECT(IS_ALIGNED(got, align));
		memblock_free(&mb, got, 1);
	}
	EXPECT_EQ(memblock_phys_alloc(&mb, 1, 0x100000, "a"), 0);
	EXPECT_EQ(memblock_phys_alloc(&mb, 1, (u64)1 << 63, "a"), 0);
	EXPECT_LIST(mb.reserved, 2, 2);
}

/* Page 0 is RAM and free, and still 0 is no answer. */
TEST_BOTH(alloc_never_frame_zero)
{
	memblock_init(&mb);
	mb.bottom_up = bottom_up;
	memblock_add(&mb, 0, 0x2000);
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x1001, 1, "t"), 0);
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x800, 1, "t"),
		  bottom_up ? 0x1000 : 0x1800);
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x800, 1, "t"),
		  bottom_up ? 0x1800 : 0x1000);
	EXPECT_EQ(memblock_phys_alloc(&mb, 1, 1, "t"), 0);
	EXPECT_LIST(mb.reserved, 1, 0x1000);
}

/* |   from [    ] to   | */
TEST_BOTH(alloc_range)
{
	phys_addr_t from = START + 0x1010, to = START + 0x3ff0, base;

	setup(bottom_up);
	EXPECT_EQ(memblock_phys_alloc_range(&mb, 0x100, 0x100, from, to, "t"),
		  bottom_up ? START + 0x1100 : START + 0x3e00);
	EXPECT_EQ(memblock_phys_alloc_range(&mb, to - from, 1, from, to, "t"),
		  0);
	EXPECT_EQ(memblock_phys_alloc_range(&mb, 1, 1, to, from, "t"), 0);
	EXPECT_EQ(memblock_phys_alloc_range(&mb, 1, 1, to, to, "t"), 0);
	EXPECT(memblock_find(&mb, 0x200, 1, from, to, &base));
	EXPECT_EQ(base, bottom_up ? START + 0x1200 : START + 0x3c00);
	EXPECT_LIST(mb.reserved, 1, 0x100);
}

TEST_BOTH(alloc_below_current_limit)
{
	phys_addr_t base;

	setup(bottom_up);
	mb.current_limit = START + 0x1000;
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x1001, 1, "t"), 0);
	EXPECT_EQ(memblock_phys_alloc_range(&mb, 1, 1, START + 0x1000, TOP,
					    "t"), 0);
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x800, 0x800, "t"),
		  bottom_up ? START : START + 0x800);
	/* the limit binds allocations, not the search */
	EXPECT(memblock_find(&mb, 0x2000, 0x1000, 0, TOP, &base));
	EXPECT_EQ(base, bottom_up ? START + 0x1000 : END - 0x2000);
}

TEST_BOTH(alloc_nothing)
{
	phys_addr_t base = 42;

	setup(bottom_up);
	EXPECT_EQ(memblock_phys_alloc(&mb, 0, 1, "t"), 0);
	EXPECT(!memblock_find(&mb, 0, 1, 0, TOP, &base));
	EXPECT_EQ(base, 42);
	EXPECT_EQ(memblock_phys_alloc(&mb, TOP, 1, "t"), 0);
	EXPECT_LIST(mb.reserved, 0, 0);
}

TEST_BOTH(alloc_near_the_top_of_all)
{
	memblock_init(&mb);
	mb.bottom_up = bottom_up;
	memblock_add(&mb, TOP - 0x1fff, 0x2000);
	EXPECT_EQ(mb.memory.total_size, 0x1fff);
	/* the next multiple of 64 KB is 2^64, not 0 */
	EXPECT_EQ(memblock_phys_alloc(&mb, 1, 0x10000, "t"), 0);
	EXPECT_LIST(mb.reserved, 0, 0);
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x1000, 0x1000, "t"),
		  TOP - 0x1fff);
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x1000, 1, "t"), 0);
	EXPECT_EQ(memblock_phys_alloc(&mb, 0xfff, 1, "t"), TOP - 0xfff);
	EXPECT_EQ(memblock_phys_alloc(&mb, 1, 1, "t"), 0);
	EXPECT_LIST(mb.reserved, 1, 0x1fff);
}

struct step {
	char op;	/* + add, - remove */
	phys_addr_t base, size;
	unsigned int cnt;	/* what must stand there then */
	phys_addr_t total;
};

/* Drawn with one letter for 0x1000 bytes, the first at 0. */
static const struct step memory_steps[] = {
	{ '+', 0x4000, 0x2000, 1, 0x2000 },	/* ....AA.... */
	{ '+', 0x1000, 0x1000, 2, 0x3000 },	/* .A..AA.... */
	{ '+', 0x8000, 0x1000, 3, 0x4000 },	/* .A..AA..A. */
	{ '+', 0x4000, 0x2000, 3, 0x4000 },	/* the same again */
	{ '+', 0x5000, 0, 3, 0x4000 },		/* nothing */
	{ '+', 0x6000, 0x1000, 3, 0x5000 },	/* .A..AAA.A. joins */
	{ '+', 0x3000, 0x1000, 3, 0x6000 },	/* .A.AAAA.A. joins */
	{ '+', 0x2000, 0x1000, 2, 0x7000 },	/* .AAAAAA.A. joins three */
	{ '+', 0, 0xa000, 1, 0xa000 },		/* AAAAAAAAAA over all */
	{ '-', 0x4000, 0, 1, 0xa000 },		/* nothing */
	{ '-', 0x4000, 0x1000, 2, 0x9000 },	/* AAAA.AAAAA */
	{ '-', 0x4000, 0x1000, 2, 0x9000 },	/* the same again */
	{ '-', 0x8000, 0x9000, 2, 0x7000 },	/* AAAA.AAA.. past the end */
	{ '-', 0x3000, 0x3000, 2, 0x5000 },	/* AAA...AA.. over two */
	{ '-', 0, 0x1000, 2, 0x4000 },		/* .AA...AA.. */
	{ '-', 0x2800, 1, 3, 0x3fff },		/* a byte out of the middle */
	{ '-', 0, TOP, 0, 0 },			/* .......... */
	{ '+', TOP - 0xfff, TOP, 1, 0xfff },	/* cut below 2^64 */
	{ '+', TOP, 1, 1, 0xfff },		/* no byte there */
	{ '+', 0, TOP, 1, TOP },
	{ '-', 0x1000, TOP, 1, 0x1000 },
};

TEST(memblock, add_and_remove)
{
	size_t i;

	memblock_init(&mb);
	for (i = 0; i < ARRAY_SIZE(memory_steps); i++) {
		const struct step *step = &memory_steps[i];

		if (step->op == '+')
			EXPECT_EQ(memblock_add(&mb, step->base, step->size),
				  0);
		else
			EXPECT_EQ(memblock_remove(&mb, step->base, step->size),
				  0);
		EXPECT_LIST(mb.memory, step->cnt, step->total);
	}
	EXPECT_REGION(mb.memory.regions[0], 0, 0x1000);
	EXPECT_LIST(mb.reserved, 0, 0);
}

/* ..AA..BB.. and C over all but the first: what is taken keeps its owner. */
TEST(memblock, reserve_keeps_owners)
{
	static const struct memblock_region want[] = {
		{ 0x1000, 0x1000, "C" }, { 0x2000, 0x2000, "A" },
		{ 0x4000, 0x2000, "C" }, { 0x6000, 0x2000, "B" },
		{ 0x8000, 0x2000, "C" },
	};
	unsigned int i;

	memblock_init(&mb);
	memblock_reserve(&mb, 0x6000, 0x2000, "B");
	memblock_reserve(&mb, 0x2000, 0x2000, "A");
	EXPECT_EQ(memblock_reserve(&mb, 0x1000, 0x9000, "C"), 0);
	EXPECT_LIST(mb.reserved, 5, 0x9000);
	for (i = 0; i < 5; i++) {
		EXPECT_REGION(mb.reserved.regions[i], want[i].base,
			      want[i].size);
		EXPECT_STREQ(mb.reserved.regions[i].owner, want[i].owner);
	}
	EXPECT_EQ(memblock_reserve(&mb, 0x2800, 0x100, "D"), 0);
	EXPECT_LIST(mb.reserved, 5, 0x9000);
	/* CAACCBBCC, and the middle goes, whoever owns it: CAA....CC */
	EXPECT_EQ(memblock_free(&mb, 0x4000, 0x4000), 0);
	EXPECT_LIST(mb.reserved, 3, 0x5000);
	EXPECT_EQ(memblock_free(&mb, 0x4000, 0x4000), 0);
	EXPECT_LIST(mb.reserved, 3, 0x5000);
}

/* One name, two copies of the text: AA joins. */
TEST(memblock, owners_are_compared_by_text)
{
	static const char one[] = "page tables", two[] = "page tables";

	memblock_init(&mb);
	memblock_reserve(&mb, 0x1000, 0x1000, one);
	memblock_reserve(&mb, 0x2000, 0x1000, two);
	EXPECT_LIST(mb.reserved, 1, 0x2000);
	memblock_reserve(&mb, 0x3000, 0x1000, "page table");
	EXPECT_LIST(mb.reserved, 2, 0x3000);
}

/* A.A.A.A. ... : as many as there are places */
static void fill_up(struct memblock_type *type, bool memory)
{
	unsigned int i;
	int err;

	memblock_init(&mb);
	for (i = 0; i < MEMBLOCK_REGIONS; i++) {
		phys_addr_t base = START + i * 0x2000;

		err = memory ? memblock_add(&mb, base, 0x1000) :
			       memblock_reserve(&mb, base, 0x1000, "t");
		EXPECT_EQ(err, 0);
	}
	EXPECT_LIST(*type, MEMBLOCK_REGIONS, MEMBLOCK_REGIONS * 0x1000);
	before = mb;
}

static bool unchanged(void)
{
	return memcmp(&mb, &before, sizeof(mb)) == 0;
}

TEST(memblock, memory_list_full)
{
	fill_up(&mb.memory, true);
	EXPECT_EQ(memblock_add(&mb, 0x1000, 0x1000), -ENOSPC);
	EXPECT(unchanged());
	EXPECT_EQ(memblock_add(&mb, TOP - 0x1000, 0x1000), -ENOSPC);
	EXPECT(unchanged());
	EXPECT_EQ(memblock_remove(&mb, START + 0x800, 1), -ENOSPC);
	EXPECT(unchanged());
	/* what joins needs no place */
	EXPECT_EQ(memblock_add(&mb, START + 0x1000, 0x800), 0);
	EXPECT_EQ(memblock_add(&mb, START + 0x1800, 0x800), 0);
	EXPECT_LIST(mb.memory, MEMBLOCK_REGIONS - 1,
		    (MEMBLOCK_REGIONS + 1) * 0x1000);
	EXPECT_EQ(memblock_add(&mb, 0x1000, 0x1000), 0);
	EXPECT_LIST(mb.memory, MEMBLOCK_REGIONS,
		    (MEMBLOCK_REGIONS + 2) * 0x1000);
}

TEST(memblock, reserved_list_full)
{
	fill_up(&mb.reserved, false);
	memblock_add(&mb, START, 0x1000000);
	before = mb;
	EXPECT_EQ(memblock_reserve(&mb, START + 0x1000, 0x1000, "u"),
		  -ENOSPC);
	EXPECT(unchanged());
	EXPECT_EQ(memblock_reserve(&mb, START, 0x1000000, "u"), -ENOSPC);
	EXPECT(unchanged());
	EXPECT_EQ(memblock_free(&mb, START + 0x800, 1), -ENOSPC);
	EXPECT(unchanged());
	EXPECT_EQ(memblock_phys_alloc(&mb, 0x1000, 0x1000, "u"), 0);
	EXPECT(unchanged());
	EXPECT_EQ(memblock_reserve(&mb, START, 0x1000000, "t"), 0);
	EXPECT_LIST(mb.reserved, 1, 0x1000000);
}

/*
 * RAM		| 1 2 3 4 |   | 7 8 |
 * taken	    [ 2 ] [ 4 .. 7 ]	[9]	-> free: 1, 3, 8
 */
TEST(memblock, next_free)
{
	static const phys_addr_t want[][2] = {
		{ 0x1000, 0x2000 }, { 0x3000, 0x4000 }, { 0x8000, 0x9000 },
	};
	phys_addr_t from = 0, base, end;
	unsigned int i;

	memblock_init(&mb);
	memblock_add(&mb, 0x1000, 0x4000);
	memblock_add(&mb, 0x7000, 0x2000);
	memblock_reserve(&mb, 0x2000, 0x1000, "a");
	memblock_reserve(&mb, 0x4000, 0x1000, "a");
	memblock_reserve(&mb, 0x5000, 0x3000, "b");
	memblock_reserve(&mb, 0x9000, 0x1000, "a");
	for (i = 0; i < 3; i++) {
		REQUIRE(memblock_next_free(&mb, &from, &base, &end));
		EXPECT_EQ(base, want[i][0]);
		EXPECT_EQ(end, want[i][1]);
		EXPECT_EQ(from, end);
	}
	EXPECT(!memblock_next_free(&mb, &from, &base, &end));
	from = 0x1800;
	EXPECT(memblock_next_free(&mb, &from, &base, &end));
	EXPECT_EQ(base, 0x1800);
	EXPECT_EQ(end, 0x2000);
	memblock_init(&mb);
	from = 0;
	EXPECT(!memblock_next_free(&mb, &from, &base, &end));
}

/* |RAM 1 2 3|  [ 3 taken 4 ] */
TEST(memblock, questions)
{
	memblock_init(&mb);
	memblock_add(&mb, 0x1000, 0x3000);
	memblock_reserve(&mb, 0x3000, 0x2000, "t");
	EXPECT(memblock_is_memory(&mb, 0x1000, 0x3000));
	EXPECT(memblock_is_memory(&mb, 0x3fff, 1));
	EXPECT(!memblock_is_memory(&mb, 0x1000, 0x3001));
	EXPECT(!memblock_is_memory(&mb, 0xfff, 2));
	EXPECT(!memblock_is_memory(&mb, 0x4000, 1));
	EXPECT(!memblock_is_memory(&mb, 0x1000, 0));
	EXPECT(!memblock_is_memory(&mb, 0x1000, TOP));
	EXPECT(memblock_is_reserved(&mb, 0x3000, 1));
	EXPECT(memblock_is_reserved(&mb, 0x4fff, TOP));
	EXPECT(memblock_is_reserved(&mb, 0, 0x3001));
	EXPECT(!memblock_is_reserved(&mb, 0, 0x3000));
	EXPECT(!memblock_is_reserved(&mb, 0x5000, TOP));
	EXPECT(!memblock_is_reserved(&mb, 0x3800, 0));
	EXPECT_STREQ(owner_at(0x3000), "t");
	EXPECT_STREQ(owner_at(0x3fff), "t");
	EXPECT_STREQ(owner_at(0x2fff), "nobody");	/* free */
	EXPECT_STREQ(owner_at(0x4000), "t");		/* no RAM */
	EXPECT_STREQ(owner_at(0x5000), "nobody");
}

/* Two lists of two regions that are sound, to be broken one way at a time. */
static void sound(void)
{
	memblock_init(&mb);
	memblock_add(&mb, 0x1000, 0x1000);
	memblock_add(&mb, 0x4000, 0x1000);
	memblock_reserve(&mb, 0x1000, 0x1000, "a");
	memblock_reserve(&mb, 0x2000, 0x1000, "b");
	EXPECT_STREQ(verdict(), "sound");
}

TEST(memblock, check_finds_broken_lists)
{
	sound();
	mb.memory.total_size++;
	EXPECT_STREQ(verdict(), "a total is not the sum of its ranges");
	sound();
	mb.reserved.regions[1].owner = "a";
	EXPECT_STREQ(verdict(),
		     "two ranges of one owner touch and are not joined");
	sound();
	mb.reserved.regions[1].owner = NULL;
	EXPECT_STREQ(verdict(), "a reserved range has no owner");
	sound();
	mb.memory.regions[1].owner = "a";
	EXPECT_STREQ(verdict(), "a range of RAM has an owner");
	sound();
	mb.reserved.cnt = MEMBLOCK_REGIONS + 1;
	EXPECT_STREQ(verdict(), "a list has more ranges than places");
}

TEST(memblock, check_finds_broken_ranges)
{
	sound();
	mb.memory.regions[1].base = 0x1800;
	EXPECT_STREQ(verdict(), "two ranges overlap");
	sound();
	mb.memory.regions[1].base = 0x800;
	EXPECT_STREQ(verdict(), "two ranges are out of order");
	sound();
	mb.memory.regions[1].base = 0x2000;
	EXPECT_STREQ(verdict(),
		     "two ranges of one owner touch and are not joined");
	sound();
	mb.memory.regions[1].size = 0;
	EXPECT_STREQ(verdict(), "a range is empty");
	sound();
	mb.memory.regions[1].size = TOP;
	EXPECT_STREQ(verdict(),
		     "a range runs past the end of the address space");
}

/*
 * The random test: a space of PAGES pages from 0. is_ram says which are RAM,
 * taken by whom (0: nobody) each is.
 */
#define PAGES 64
#define STEPS 4000	/* measured: 50 million instructions */
#define SEED 20260118

static const char *const owners[] = { NULL, "kernel", "mem_map", "tables" };

static u8 is_ram[PAGES], taken[PAGES], painted[PAGES];
static u32 random_state;

static u32 random_below(u32 n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 16) % n;
}

static phys_addr_t page(u32 i)
{
	return (phys_addr_t)i << PAGE_SHIFT;
}

static u8 owner_number(const char *owner)
{
	u8 i;

	for (i = ARRAY_SIZE(owners) - 1; i > 0; i--)
		if (owner && strcmp(owner, owners[i]) == 0)
			break;
	return i;
}

static bool list_is(const struct memblock_type *type, const u8 *shadow)
{
	u32 i, j;

	memset(painted, 0, sizeof(painted));
	for (i = 0; i < type->cnt; i++) {
		const struct memblock_region *region = &type->regions[i];
		u32 first = (u32)(region->base >> PAGE_SHIFT);
		u32 n = (u32)(region->size >> PAGE_SHIFT);

		for (j = first; j < first + n && j < PAGES; j++)
			painted[j] = region->owner ?
				     owner_number(region->owner) : 1;
	}
	return memcmp(painted, shadow, PAGES) == 0;
}

static bool free_walk_is_right(void)
{
	phys_addr_t from = 0, base, end;
	u32 i;

	memset(painted, 0, sizeof(painted));
	while (memblock_next_free(&mb, &from, &base, &end))
		for (; base < end; base += PAGE_SIZE)
			painted[base >> PAGE_SHIFT] = 1;
	for (i = 0; i < PAGES; i++)
		if (painted[i] != (is_ram[i] && !taken[i]))
			return false;
	return true;
}

/* Are the n pages from first RAM, free, inside [start, end), and not page 0? */
static bool may_have(u32 first, u32 n, u32 start, u32 end)
{
	if (first == 0 || first < start || first + n > end)
		return false;
	for (; n; n--, first++)
		if (!is_ram[first] || taken[first])
			return false;
	return true;
}

/* The page that an allocation must return, 0 if none, by trying them all. */
static u32 expected(u32 n, u32 align, u32 start, u32 end)
{
	u32 i, best = 0;

	for (i = 0; i < PAGES; i += align) {
		if (!may_have(i, n, start, end))
			continue;
		if (mb.bottom_up)
			return i;
		best = i;
	}
	return best;
}

static bool random_alloc(void)
{
	u32 n = 1 + random_below(6), align = 1U << random_below(4);
	u32 start = random_below(PAGES), owner = 1 + random_below(3);
	u32 end = start + random_below(PAGES - start + 1);
	u32 want;

	mb.bottom_up = random_below(2);
	if (random_below(2)) {
		start = 0;
		end = PAGES;
	}
	want = expected(n, align, start, end);
	if (memblock_phys_alloc_range(&mb, page(n), page(align), page(start),
				      page(end), owners[owner]) != page(want))
		return false;
	if (want)
		memset(&taken[want], owner, n);
	return true;
}

static void shadow_reserve(u32 first, u32 n, u32 owner)
{
	for (; n; n--, first++)
		if (!taken[first])
			taken[first] = owner;
}

static bool random_step(void)
{
	u32 first = random_below(PAGES), owner = 1 + random_below(3);
	u32 n = random_below(min(PAGES - first + 1, 12U));

	switch (random_below(8)) {
	case 0:
	case 1:
		memblock_add(&mb, page(first), page(n));
		memset(&is_ram[first], 1, n);
		break;
	case 2:
		memblock_remove(&mb, page(first), page(n));
		memset(&is_ram[first], 0, n);
		break;
	case 3:
		memblock_reserve(&mb, page(first), page(n), owners[owner]);
		shadow_reserve(first, n, owner);
		break;
	case 4:
	case 5:
		memblock_free(&mb, page(first), page(n));
		memset(&taken[first], 0, n);
		break;
	default:
		return random_alloc();
	}
	return true;
}

TEST(memblock, random_steps_against_a_shadow)
{
	const char *wrong = NULL;
	bool ok = true;
	u32 step;

	random_state = SEED;
	memblock_init(&mb);
	memset(is_ram, 0, sizeof(is_ram));
	memset(taken, 0, sizeof(taken));
	for (step = 0; ok && step < STEPS; step++) {
		ok = random_step() && list_is(&mb.memory, is_ram) &&
		     list_is(&mb.reserved, taken) && free_walk_is_right();
		wrong = memblock_check(&mb);
		ok = ok && !wrong;
	}
	if (!EXPECT(ok))
		printk("# seed %u, step %u: %s\n", SEED, (unsigned int)step,
		       wrong ? wrong : "not as the shadow has it");
}
