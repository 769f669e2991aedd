/*
 * The floppy: kernel/block/floppy.c. Only on a medium in fd0 that is marked for
 * it; tests/machines/floppy.py makes those, says which cases one is for, and
 * compares it afterwards with what the lines "# wrote" say.
 *
 * Sector s of generation g holds pattern(s, g, 0..127); the host wrote
 * generation 0. Sector 0 begins with the mark and is never written. A medium is
 * good for one run.
 */
#include <kernel/base/printk.h>
#include <kernel/block/blkdev.h>
#include <kernel/block/floppy.h>
#include <kernel/cpu/io.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/errno.h>
#include <kernel/sched/wait.h>
#include <mm/page/page_alloc.h>
#include <mm/table/pgtable.h>
#include <mm/virt/vmalloc.h>
#include "ktest.h"

#define LINE 6U
#define FIFO 0x3f5
#define CMD_READ 0xc6		/* eight more bytes belong to it */
#define TRACK 18U
#define CYLINDER (2 * TRACK)
#define PAGE_SECTORS ((u32)(PAGE_SIZE / SECTOR_SIZE))
#define ALL (MOST * PAGE_SECTORS)
#define WORDS (SECTOR_SIZE / 4)
#define MOST 16U			/* pages of a transfer */
#define BLOCK_ORDER 5		/* twice as many */
#define LOW (GFP_DMA | GFP_KERNEL)
#define MARK "swapper floppy"

/* What a medium is for. */
enum kind { PLAIN, READ_ONLY, BAD, CHANGING, LOST };

struct mark {
	char text[16];
	u32 kind;		/* enum kind */
	u32 seed;
	u32 bad;		/* of kind BAD: the sector that is */
};

/* Pages of one kind and how the test sees them. */
struct buffer {
	struct page *pages[MOST];
	struct page *block;	/* NULL: each page for itself */
	u32 n;
	u32 *words;
	u32 unit;		/* of the drive that it is for */
};

static u32 failures;		/* of bios: each has its line in the log */
static u32 retries;		/* of fd0, when the case began */

static struct {
	struct block_device *bdev;
	struct mark mark;
	struct bio_vec vec[MOST * PAGE_SECTORS];
} drives[2];

#define fd0 (drives[0].bdev)

static u32 pattern(const struct buffer *b, u32 sector, u32 generation, u32 word)
{
	return drives[b->unit].mark.seed ^ generation << 28 ^
	       (sector * WORDS + word) * 0x9e3779b1U;
}

/* --- memory --- */

static void put_buffer(struct buffer *b)
{
	if (b->words)
		vunmap(b->words);
	if (b->block)
		__free_pages(b->block, BLOCK_ORDER);
	else
		while (b->n)
			__free_page(b->pages[--b->n]);
	memset(b, 0, sizeof(*b));
}

static bool map_buffer(struct buffer *b)
{
	if (b->n == MOST)
		b->words = vmap(b->pages, MOST, VM_MAP, PAGE_KERNEL);
	if (!b->words)
		put_buffer(b);
	return b->words;
}

/* False: there are no such pages. */
static bool get_buffer(struct buffer *b, gfp_t gfp)
{
	memset(b, 0, sizeof(*b));
	while (b->n < MOST) {
		b->pages[b->n] = alloc_page(gfp);
		if (!b->pages[b->n])
			break;
		b->n++;
	}
	return map_buffer(b);
}

/* 64 KB of neighbours with the border of two 64 KB blocks in their middle. */
static bool get_across(struct buffer *b)
{
	memset(b, 0, sizeof(*b));
	b->block = alloc_pages(LOW, BLOCK_ORDER);
	for (; b->block && b->n < MOST; b->n++)
		b->pages[b->n] = b->block + MOST / 2 + b->n;
	return map_buffer(b);
}

static void fill(struct buffer *b, u32 first, u32 sectors, u32 generation)
{
	u32 i;

	for (i = 0; i < sectors * WORDS; i++)
		b->words[i] = pattern(b, first + i / WORDS, generation,
				      i % WORDS);
}

static bool holds(const struct buffer *b, u32 first, u32 sectors,
		  u32 generation)
{
	u32 i, want;

	for (i = 0; i < sectors * WORDS; i++) {
		want = pattern(b, first + i / WORDS, generation, i % WORDS);
		if (b->words[i] != want) {
			printk("# sector %u, word %u: %#x, not %#x\n",
			       first + i / WORDS, i % WORDS, b->words[i], want);
			return false;
		}
	}
	return true;
}

/* --- transfers --- */

/* Of the buffer's first sectors, in pieces of so many bytes or fewer. */
static struct bio transfer(struct buffer *b, u32 rw, u32 first, u32 sectors,
			   u32 piece)
{
	struct bio_vec *vec = drives[b->unit].vec;
	struct bio bio = {
		.bdev = drives[b->unit].bdev, .sector = first, .rw = rw,
		.vec = vec,
	};
	u32 at, bytes = sectors * SECTOR_SIZE;

	for (at = 0; at < bytes; at += vec[bio.vcnt++].bv_len)
		vec[bio.vcnt] = (struct bio_vec) {
			.bv_page = b->pages[at / PAGE_SIZE],
			.bv_offset = at % PAGE_SIZE,
			.bv_len = min(min(piece, bytes - at),
				      (u32)(PAGE_SIZE - at % PAGE_SIZE)),
		};
	if (submit_bio_wait(&bio))
		test_allow_warnings(++failures);
	return bio;
}

static bool write(struct buffer *b, u32 first, u32 sectors, u32 generation,
		  u32 piece)
{
	fill(b, first, sectors, generation);
	printk("# wrote %u %u %u\n", first, sectors, generation);
	return EXPECT_EQ(transfer(b, WRITE, first, sectors, piece).error, 0);
}

static bool read(struct buffer *b, u32 first, u32 sectors, u32 generation,
		 u32 piece)
{
	memset(b->words, 0xee, b->n * PAGE_SIZE);
	return EXPECT_EQ(transfer(b, READ, first, sectors, piece).error, 0) &&
	       EXPECT(holds(b, first, sectors, generation));
}

/* The motor's timer is no leak. */
static void rest(void)
{
	u32 from = jiffies;

	while (floppy_motor_on() && jiffies - from < 10 * hz)
		msleep(100);
}

static void take_mark(struct buffer *b)
{
	struct mark *mark = &drives[b->unit].mark;

	memset(mark, 0, sizeof(*mark));
	if (!transfer(b, READ, 0, 1, SECTOR_SIZE).error)
		memcpy(mark, b->words, sizeof(*mark));
}

static bool marked(u32 unit, enum kind kind)
{
	return !strcmp(drives[unit].mark.text, MARK) &&
	       drives[unit].mark.kind == kind;
}

/* Is the medium in fd0 for this case? Then there is a buffer, too. */
static bool prepared(struct buffer *b, enum kind kind, gfp_t gfp)
{
	failures = 0;
	fd0 = find_disk("fd0");
	if (!fd0) {
		test_skip("there is no fd0");
		return false;
	}
	if (!get_buffer(b, gfp)) {
		test_skip("there are no such pages");
		return false;
	}
	take_mark(b);
	retries = fd0->stat.retries;
	if (marked(0, kind))
		return true;
	test_skip("the medium in fd0 is not marked for this");
	put_buffer(b);
	rest();
	return false;
}

static void done(struct buffer *b)
{
	put_buffer(b);
	rest();
}

/* Sectors in the buffer's pages, there and back through others. */
static void there_and_back(struct buffer *b, u32 first, u32 generation)
{
	struct buffer other;

	REQUIRE(get_buffer(&other, LOW));
	(void)(write(b, first, ALL, generation, PAGE_SIZE) &&
	       read(&other, first, ALL, generation, PAGE_SIZE) &&
	       read(b, first, ALL, generation, PAGE_SIZE) &&
	       read(b, first + 2 * ALL, ALL, 0, PAGE_SIZE));
	put_buffer(&other);
}

/* --- a good medium --- */

TEST(floppy, every_sector)
{
	struct buffer b;
	u32 first, n;

	if (!prepared(&b, PLAIN, LOW))
		return;
	EXPECT(!fd0->read_only);
	for (first = 1; first < fd0->capacity; first += n) {
		n = min(ALL, (u32)fd0->capacity - first);
		if (!read(&b, first, n, 0, PAGE_SIZE))
			break;
	}
	EXPECT_EQ(fd0->stat.retries, retries);
	done(&b);
}

TEST(floppy, across_64_kb)
{
	struct buffer b, across;

	if (!prepared(&b, PLAIN, LOW))
		return;
	if (EXPECT(get_across(&across))) {
		EXPECT_EQ(page_to_phys(across.pages[MOST / 2]) & 0xffff, 0);
		there_and_back(&across, 300, 1);
		put_buffer(&across);
	}
	done(&b);
}

TEST(floppy, pages_above_16_mb)
{
	struct buffer b;

	if (!prepared(&b, PLAIN, GFP_KERNEL))
		return;
	there_and_back(&b, 600, 2);
	done(&b);
}

TEST(floppy, pages_of_high_memory)
{
	struct buffer b;

	if (!prepared(&b, PLAIN, GFP_HIGHUSER))
		return;
	there_and_back(&b, 900, 3);
	done(&b);
}

/* From every sector before the end of a cylinder to behind it. */
TEST(floppy, ends_of_tracks_and_cylinders)
{
	u32 cylinder = 2 * TRACK, first, n;
	struct buffer b;

	if (!prepared(&b, PLAIN, LOW))
		return;
	for (n = 1; n < 2 * cylinder; n += 7) {
		first = 40 * cylinder - n;
		EXPECT(write(&b, first, n + 1, 4, PAGE_SIZE) &&
		       read(&b, first, n + 1, 4, PAGE_SIZE));
	}
	first = (u32)fd0->capacity - 1;
	EXPECT(write(&b, first, 1, 4, PAGE_SIZE) &&
	       read(&b, first, 1, 4, PAGE_SIZE));
	/* not thanks to the block layer, which would go sector by sector */
	EXPECT_EQ(fd0->stat.retries, retries);
	done(&b);
}

/* Sectors from all over memory, and more pieces than a request has. */
TEST(floppy, pieces_of_a_sector)
{
	struct page *third;
	struct buffer b;

	if (!prepared(&b, PLAIN, LOW))
		return;
	third = b.pages[3];
	b.pages[3] = b.pages[9];
	b.pages[9] = third;
	vunmap(b.words);
	b.words = vmap(b.pages, MOST, VM_MAP, PAGE_KERNEL);
	REQUIRE(b.words);
	EXPECT(write(&b, 1201, ALL - 5, 5, SECTOR_SIZE) &&
	       read(&b, 1201, ALL - 5, 5, 3 * SECTOR_SIZE) &&
	       read(&b, 1201, ALL - 5, 5, SECTOR_SIZE));
	done(&b);
}

#define FROM 1600U		/* behind all other cases' sectors */

static int here_and_there(void *data)
{
	u32 i, random = 1, first, n, behind = (u32)fd0->capacity - 1;
	struct buffer *b = data;

	for (i = 0; i < 100; i++) {
		random = random * 1103515245 + 12345;
		n = 1 + (random >> 8) % ALL;
		first = FROM + (random >> 4) % (behind - n - FROM);
		if (!write(b, first, n, 6 + i % 8, PAGE_SIZE) ||
		    !read(b, first, n, 6 + i % 8, PAGE_SIZE))
			return -EIO;
	}
	return 0;
}

TEST(floppy, here_and_there)
{
	struct buffer b;

	if (!prepared(&b, PLAIN, LOW))
		return;
	EXPECT_EQ(here_and_there(&b), 0);
	done(&b);
}

/* One controller, one channel: requests for one drive wait for the other's. */
TEST(floppy, both_drives)
{
	struct buffer b, other;
	struct task *task;

	if (!prepared(&b, PLAIN, LOW))
		return;
	REQUIRE(get_buffer(&other, LOW));
	other.unit = 1;
	drives[1].bdev = find_disk("fd1");
	if (drives[1].bdev)
		take_mark(&other);
	if (drives[1].bdev && marked(1, PLAIN)) {
		task = kthread_run(here_and_there, &other, "fd1");
		REQUIRE(task);
		EXPECT_EQ(here_and_there(&b), 0);
		EXPECT_EQ(kthread_join(task), 0);
	} else {
		test_skip("there is no marked medium in fd1");
	}
	put_buffer(&other);
	done(&b);
}

TEST(floppy, motor_goes_off)
{
	struct buffer b;
	u32 from;

	if (!prepared(&b, PLAIN, LOW))
		return;
	EXPECT(read(&b, 1, 1, 0, SECTOR_SIZE));
	from = jiffies;
	EXPECT(floppy_motor_on());
	while (floppy_motor_on() && jiffies - from < 10 * hz)
		msleep(50);
	EXPECT(jiffies - from >= hz);
	EXPECT(jiffies - from < 5 * hz);
	/* and on again */
	EXPECT(read(&b, 40, 8, 0, PAGE_SIZE));
	done(&b);
}

/* --- media and interrupts that fail --- */

TEST(floppy, no_medium)
{
	u32 from = jiffies, rw;
	struct buffer b;
	struct bio bio;

	failures = 0;
	fd0 = find_disk("fd0");
	if (!fd0) {
		test_skip("there is no fd0");
		return;
	}
	REQUIRE(get_buffer(&b, LOW));
	bio = transfer(&b, READ, 0, 1, SECTOR_SIZE);
	if (bio.cause != BLK_NO_MEDIUM)
		test_skip("there is a medium in fd0");
	for (rw = READ; bio.cause == BLK_NO_MEDIUM && rw <= WRITE; rw++) {
		bio = transfer(&b, rw, 100, 20, PAGE_SIZE);
		EXPECT_EQ(bio.error, -EIO);
		EXPECT_EQ(bio.cause, BLK_NO_MEDIUM);
		EXPECT_EQ(bio.error_sector, 100);
	}
	EXPECT(jiffies - from < 10 * hz);
	done(&b);
}

TEST(floppy, write_protected)
{
	struct buffer b;
	struct bio bio;

	if (!prepared(&b, READ_ONLY, LOW))
		return;
	EXPECT(read(&b, 1, ALL, 0, PAGE_SIZE));
	fill(&b, 50, 30, 1);
	bio = transfer(&b, WRITE, 50, 30, PAGE_SIZE);
	EXPECT_EQ(bio.error, -EIO);
	EXPECT_EQ(bio.cause, BLK_READ_ONLY);
	EXPECT_EQ(bio.error_sector, 50);
	EXPECT(read(&b, 50, 30, 0, PAGE_SIZE));
	done(&b);
}

/* One sector cannot be written: which one, and those before it are. */
TEST(floppy, bad_sector)
{
	struct buffer b;
	struct bio bio;
	u32 first, bad;

	if (!prepared(&b, BAD, LOW))
		return;
	bad = drives[0].mark.bad;
	first = bad - 22;
	fill(&b, first, 60, 1);
	printk("# wrote %u %u %u\n", first, 22, 1);
	bio = transfer(&b, WRITE, first, 60, PAGE_SIZE);
	EXPECT_EQ(bio.error, -EIO);
	EXPECT_EQ(bio.cause, BLK_MEDIUM);
	EXPECT_EQ(bio.error_sector, bad);
	EXPECT(read(&b, first, 22, 1, PAGE_SIZE));
	EXPECT(read(&b, bad, 1, 0, PAGE_SIZE));
	/* the drive is well */
	EXPECT(write(&b, 1000, 60, 2, PAGE_SIZE));
	done(&b);
}

/* Somebody opens the drive, takes the medium out, and puts another one in. */
TEST(floppy, medium_changes)
{
	struct buffer b;
	u32 seed;

	if (!prepared(&b, CHANGING, LOW))
		return;
	seed = drives[0].mark.seed;
	EXPECT(read(&b, 1500, 40, 0, PAGE_SIZE));
	printk("# now eject it\n");
	while (transfer(&b, READ, 1501, 1, SECTOR_SIZE).cause != BLK_NO_MEDIUM)
		msleep(100);
	printk("# now another one\n");
	while (transfer(&b, READ, 1502, 1, SECTOR_SIZE).error)
		msleep(100);
	take_mark(&b);
	EXPECT(marked(0, CHANGING));
	EXPECT(drives[0].mark.seed != seed);
	EXPECT(read(&b, 1500, 40, 0, PAGE_SIZE));
	EXPECT(write(&b, 1540, 40, 1, PAGE_SIZE));
	done(&b);
}

static int reads_one(void *data)
{
	struct bio bio = transfer(data, READ, 60, 1, SECTOR_SIZE);

	return bio.error ? (int)bio.cause : 0;
}

/* fd0 is silent for five limits of fd1, which waits for the controller. */
TEST(floppy, a_silent_drive_costs_the_other_no_limit)
{
	struct buffer b, other;
	struct task *first, *second;
	struct block_device *fd1;
	u32 usual, timeouts;

	if (!prepared(&b, PLAIN, LOW))
		return;
	REQUIRE(get_buffer(&other, LOW));
	other.unit = 1;
	fd1 = drives[1].bdev = find_disk("fd1");
	if (fd1) {
		timeouts = fd0->stat.timeouts + fd1->stat.timeouts;
		usual = fd1->timeout;
		fd1->timeout = hz / 5;
		disable_irq(LINE);
		first = kthread_run(reads_one, &b, "fd0");
		msleep(100);
		second = kthread_run(reads_one, &other, "fd1");
		msleep(1000);
		fd1->timeout = usual;
		enable_irq(LINE);
		REQUIRE(first && second);
		EXPECT_EQ(kthread_join(first), 0);
		EXPECT_EQ(kthread_join(second), 0);
		EXPECT_EQ(fd0->stat.timeouts + fd1->stat.timeouts, timeouts);
	} else {
		test_skip("there is no fd1");
	}
	put_buffer(&other);
	done(&b);
}

/* A reset in time: the request is tried again, and then it is well, though the
 * controller hung in the middle of a command. */
TEST(floppy, interrupt_comes_too_late)
{
	u32 timeouts, before;
	struct task *task;
	struct buffer b;

	if (!prepared(&b, PLAIN, LOW))
		return;
	test_allow_warnings(1);
	before = fd0->timeout;
	timeouts = fd0->stat.timeouts;
	fd0->timeout = hz;
	disable_irq(LINE);
	task = kthread_run(reads_one, &b, "floppy");
	REQUIRE(task);
	msleep(200);
	outb(FIFO, CMD_READ);
	msleep(1000);
	enable_irq(LINE);
	EXPECT_EQ(kthread_join(task), 0);
	EXPECT_EQ(fd0->stat.timeouts, timeouts + 1);
	EXPECT_EQ(fd0->stat.retries, retries + 1);
	EXPECT(holds(&b, 60, 1, 0));
	fd0->timeout = before;
	done(&b);
}

/* No interrupt, not for a reset either: the device is gone. */
TEST(floppy, interrupts_are_lost)
{
	struct buffer b;
	struct bio bio;

	if (!prepared(&b, LOST, LOW))
		return;
	failures = 1;	/* the reset; then that it is gone, not each bio */
	fd0->timeout = hz;
	disable_irq(LINE);
	bio = transfer(&b, READ, 700, 20, PAGE_SIZE);
	EXPECT_EQ(bio.error, -EIO);
	EXPECT(bio.cause == BLK_TIMEOUT || bio.cause == BLK_GONE);
	EXPECT(fd0->gone);
	enable_irq(LINE);
	done(&b);
}
