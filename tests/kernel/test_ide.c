/*
 * The IDE driver where things go wrong: a channel that nobody drives, a disk
 * that never answers, interrupts that come late or not at all.
 */
#include <kernel/block/ide.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/string.h>
#include <mm/object/kmalloc.h>
#include "disks.h"
#include "threads.h"

/* Where the fourth channel was, when PCs had four. */
#define NOBODYS_IO 0x168
#define NOBODYS_CONTROL 0x36e
#define PRIMARY_LINE 14
#define PAGE_SECTORS (PAGE_SIZE / SECTOR_SIZE)

static struct ide_channel *empty_channel(void)
{
	struct ide_channel *channel = kmalloc(sizeof(*channel), GFP_KERNEL);

	if (EXPECT(channel))
		ide_channel_setup(channel, NOBODYS_IO, NOBODYS_CONTROL, 0);
	return channel;
}

TEST(ide, nobody_at_the_ports)
{
	struct ide_channel *channel = empty_channel();
	u32 before = jiffies;

	REQUIRE(channel);
	EXPECT_EQ(ide_identify(&channel->disks[0]), IDE_NOTHING);
	EXPECT_EQ(ide_identify(&channel->disks[1]), IDE_NOTHING);
	/* nothing was waited for; the host may be slow */
	EXPECT(jiffies - before < hz / 2);
	kfree(channel);
}

/* A disk that was there once. */
static bool add_vanished(struct ide_disk *disk)
{
	strlcpy(disk->bdev.name, "hdx", sizeof(disk->bdev.name));
	disk->bdev.capacity = 1024;
	disk->bdev.timeout = 2;
	disk->bdev.limits = (struct queue_limits){
		.dma_mask = 0xffffff, .max_sectors = LBA28_SECTORS_MOST,
		.max_segments = BLK_SEGMENTS, .max_segment_size = 0x10000,
		.seg_boundary_mask = 0xffff,
	};
	return EXPECT_EQ(add_disk(&disk->bdev), 0);
}

TEST(ide, a_vanished_disk_is_gone)
{
	struct ide_channel *channel = empty_channel();
	struct page *page = alloc_page(GFP_KERNEL);
	struct bio_vec vec = { page, PAGE_SIZE, 0 };
	struct bio bio;

	REQUIRE(channel && page);
	if (add_vanished(&channel->disks[0])) {
		struct block_device *bdev = &channel->disks[0].bdev;

		EXPECT_EQ(disk_io(bdev, READ, 40, &vec, 1, &bio), -EIO);
		EXPECT_EQ(bio.cause, BLK_GONE);
		EXPECT_EQ(bio.error_sector, 40);
		EXPECT(bdev->gone);
		EXPECT_EQ(disk_io(bdev, WRITE, 40, &vec, 1, &bio), -EIO);
		EXPECT(!channel->active && !channel->closed);
		del_disk(bdev);
	}
	__free_page(page);
	kfree(channel);
	/* no answer; cannot be reset */
	test_allow_warnings(2);
}

/* --- a disk that is there; it is only read --- */

struct reader {
	struct block_device *bdev;
	struct page *page;
	struct bio bio;
};

static int reads(void *data)
{
	struct reader *r = data;
	struct bio_vec vec = { r->page, PAGE_SIZE, 0 };

	return disk_io(r->bdev, READ, DISK_HOST_FROM, &vec, 1, &r->bio);
}

/* Reads while the line is masked for so many ticks. */
static void read_without_interrupts(struct block_device *bdev, u32 limit,
				    u32 ticks, struct reader *r)
{
	u32 usual = bdev->timeout;
	struct task *task;

	bdev->timeout = limit;
	r->bdev = bdev;
	r->page = alloc_page(GFP_KERNEL);
	REQUIRE(r->page);
	disable_irq(PRIMARY_LINE);
	task = kthread_run(reads, r, "reads");
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(ticks);
	enable_irq(PRIMARY_LINE);
	if (EXPECT(task))
		kthread_join(task);
	bdev->timeout = usual;
}

static bool page_is_hosts(struct page *page)
{
	struct bio_vec vec = { page, PAGE_SIZE, 0 };
	u32 gens[PAGE_SECTORS], i;

	for (i = 0; i < PAGE_SECTORS; i++)
		gens[i] = GEN_HOST;
	return pieces_are(&vec, 1, DISK_HOST_FROM, gens);
}

/* The first disk for tests; NULL: there is none. */
static struct test_disk *first_disk(void)
{
	static struct test_disk disks[TEST_DISKS_MOST];

	return find_test_disks(disks) ? &disks[0] : NULL;
}

/* The same on the first channel. */
static struct block_device *disk_of_first_channel(void)
{
	const struct test_disk *disk = first_disk();

	if (!disk || !strcmp(disk->bdev->name, "hda"))
		return disk ? disk->bdev : NULL;
	test_skip("hda is no disk for tests");
	return NULL;
}

/* The interrupt of the first try comes when the reset is long over. */
TEST(ide, a_late_interrupt_ends_nothing)
{
	struct block_device *bdev = disk_of_first_channel();
	struct reader r = { .page = NULL };
	u32 timeouts, i;

	for (i = 0; bdev && i < 5; i++) {
		timeouts = bdev->stat.timeouts;
		read_without_interrupts(bdev, hz / 5, hz / 5 + hz / 10, &r);
		EXPECT_EQ(r.bio.error, 0);
		EXPECT(r.page && page_is_hosts(r.page));
		EXPECT_EQ(bdev->stat.timeouts, timeouts + 1);
		__free_page(r.page);
	}
	if (bdev)
		test_allow_warnings(5);
}

/* It answers for good again: a disk that was silent for a while is not gone. */
TEST(ide, no_interrupt_at_all)
{
	struct block_device *bdev = disk_of_first_channel();
	struct reader r = { .page = NULL };

	if (!bdev)
		return;
	read_without_interrupts(bdev, 2, hz, &r);
	EXPECT_EQ(r.bio.error, -EIO);
	EXPECT_EQ(r.bio.cause, BLK_TIMEOUT);
	EXPECT_EQ(r.bio.error_sector, DISK_HOST_FROM);
	EXPECT(!bdev->gone);
	r.bio.error = reads(&r);
	EXPECT_EQ(r.bio.error, 0);
	EXPECT(page_is_hosts(r.page));
	__free_page(r.page);
	/* a reset for each of four tries, and the end */
	test_allow_warnings(5);
}

/* --- two disks at one channel --- */

static struct task *reader(struct reader *r, struct block_device *bdev)
{
	r->bdev = bdev;
	r->page = alloc_page(GFP_KERNEL);
	return EXPECT(r->page) ? kthread_run(reads, r, "reads") : NULL;
}

static void expect_read(struct reader *r, struct task *task, u32 timeouts)
{
	if (EXPECT(task))
		kthread_join(task);
	EXPECT_EQ(r->bio.error, 0);
	EXPECT_EQ(r->bdev->stat.timeouts, timeouts);
	EXPECT(r->page && page_is_hosts(r->page));
	if (r->page)
		__free_page(r->page);
}

/* The second disk for tests, if it is hdb; else the case is skipped. */
static struct block_device *neighbour(void)
{
	static struct test_disk disks[TEST_DISKS_MOST];

	if (find_test_disks(disks) > 1 && !strcmp(disks[1].bdev->name, "hdb"))
		return disks[1].bdev;
	test_skip("hdb is no disk for tests");
	return NULL;
}

/* hda is silent for five limits of hdb, which waits for the channel. */
TEST(ide, a_silent_neighbour_costs_no_limit)
{
	struct block_device *hda = disk_of_first_channel();
	struct block_device *hdb = hda ? neighbour() : NULL;
	struct reader a = { .page = NULL }, b = { .page = NULL };
	struct task *first, *second;
	u32 usual, hda_timeouts, hdb_timeouts;

	if (!hdb)
		return;
	hda_timeouts = hda->stat.timeouts;
	hdb_timeouts = hdb->stat.timeouts;
	usual = hdb->timeout;
	hdb->timeout = hz / 5;
	disable_irq(PRIMARY_LINE);
	first = reader(&a, hda);
	msleep(100);
	second = reader(&b, hdb);
	msleep(1000);
	hdb->timeout = usual;
	enable_irq(PRIMARY_LINE);
	expect_read(&a, first, hda_timeouts);
	expect_read(&b, second, hdb_timeouts);
}

/* --- sectors that are bad, as the label says --- */

#define AROUND 16U		/* sectors: two pages */

struct attempt {
	struct block_device *bdev;
	struct page *block;
	struct bio bio;
};

/* Two pages with the sector in the middle of the first. */
static int try_around(struct attempt *a, u32 rw, u32 sector)
{
	const struct bio_vec vec[] = {
		{ a->block, PAGE_SIZE, 0 }, { a->block + 1, PAGE_SIZE, 0 },
	};
	u32 gens[AROUND] = { 0 };

	if (rw == WRITE)
		fill_pieces(vec, ARRAY_SIZE(vec), sector - 4, gens);
	return disk_io(a->bdev, rw, sector - 4, vec, ARRAY_SIZE(vec), &a->bio);
}

static void is_bad(struct attempt *a, u32 rw, u32 sector)
{
	u32 errors = a->bdev->stat.errors;

	EXPECT_EQ(try_around(a, rw, sector), -EIO);
	EXPECT_EQ(a->bio.cause, BLK_MEDIUM);
	EXPECT_EQ(a->bio.error_sector, sector);
	EXPECT_EQ(a->bdev->stat.errors, errors + 1);
	/* the other way it works, and so do its neighbours */
	EXPECT_EQ(try_around(a, rw == READ ? WRITE : READ, sector), 0);
	EXPECT_EQ(try_around(a, rw, sector + AROUND + 4), 0);
}

static void is_bad_once(struct attempt *a, u32 rw, u32 sector)
{
	u32 retries = a->bdev->stat.retries;

	EXPECT_EQ(try_around(a, rw, sector), 0);
	EXPECT_EQ(a->bdev->stat.retries, retries + 1);
}

TEST(ide, bad_sectors)
{
	const struct test_disk *disk = first_disk();
	const struct disk_label *label;
	struct attempt a;

	if (!disk)
		return;
	label = &disk->label;
	if (!label->bad_read) {
		test_skip("the disk has no bad sectors");
		return;
	}
	a.bdev = disk->bdev;
	a.block = alloc_pages(GFP_KERNEL, 1);
	REQUIRE(a.block);
	is_bad(&a, READ, label->bad_read);
	is_bad(&a, WRITE, label->bad_write);
	is_bad_once(&a, READ, label->once_read);
	is_bad_once(&a, WRITE, label->once_write);
	__free_pages(a.block, 1);
	test_allow_warnings(2);
}

/* --- a disk that answers when it likes --- */

#define SLOW_READS 40U

/* One way or the other each read ends. True: with a sentence in the log. */
static bool slow_read_fails(struct block_device *bdev, struct page *page)
{
	struct bio_vec vec = { page, PAGE_SIZE, 0 };
	struct bio bio;

	memset(page_address(page), 0, PAGE_SIZE);
	if (!disk_io(bdev, READ, DISK_HOST_FROM, &vec, 1, &bio)) {
		EXPECT(page_is_hosts(page));
		return false;
	}
	EXPECT(bio.cause == BLK_TIMEOUT || bio.cause == BLK_GONE);
	return bio.cause == BLK_TIMEOUT;
}

TEST(ide, a_slow_disk)
{
	const struct test_disk *disk = first_disk();
	struct block_device *bdev;
	struct page *page;
	u32 i, warnings = 0;

	if (!disk)
		return;
	if (!disk->label.slow) {
		test_skip("the disk is not slow");
		return;
	}
	bdev = disk->bdev;
	page = alloc_page(GFP_KERNEL);
	REQUIRE(page);
	bdev->timeout = hz / 5;
	for (i = 0; i < SLOW_READS && !bdev->gone; i++)
		warnings += slow_read_fails(bdev, page);
	__free_page(page);
	EXPECT(bdev->stat.timeouts > 0);
	/* each reset, each error, and that it is gone */
	test_allow_warnings(bdev->stat.timeouts + warnings + bdev->gone);
}

/* --- a disk with more sectors than 28 bits can count --- */

#define LBA28_END (1U << 28)
#define MANY_PAGES 128U		/* 1024 sectors: with 48 bits one request */

static void write_and_read(struct block_device *bdev, u32 sector,
			   struct page *block, u32 pages)
{
	static u32 gens[MANY_PAGES * PAGE_SECTORS];
	static struct bio_vec vec[MANY_PAGES];
	struct bio bio;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(gens); i++)
		gens[i] = GEN_KINDS;
	for (i = 0; i < pages; i++)
		vec[i] = (struct bio_vec){ block + i, PAGE_SIZE, 0 };
	fill_pieces(vec, pages, sector, gens);
	EXPECT_EQ(disk_io(bdev, WRITE, sector, vec, pages, &bio), 0);
	memset(page_address(block), 0, pages * PAGE_SIZE);
	EXPECT_EQ(disk_io(bdev, READ, sector, vec, pages, &bio), 0);
	EXPECT(pieces_are(vec, pages, sector, gens));
}

/* Nothing stands there: a hole of the image. */
static bool is_empty(struct block_device *bdev, u32 sector, struct page *page)
{
	const u32 *words = page_address(page);

	memset(page_address(page), 0xff, PAGE_SIZE);
	return !bdev_read_page(bdev, sector, page) && !words[0] && !words[1];
}

/* Across the border, in a long request and in a short one; up to the end. */
TEST(ide, more_than_28_bits)
{
	const struct test_disk *disk = first_disk();
	struct page *block;
	u32 last;

	if (!disk)
		return;
	if (disk->bdev->capacity <= LBA28_END + 4096) {
		test_skip("the disk is not that large");
		return;
	}
	block = alloc_pages(GFP_KERNEL, 7);
	REQUIRE(block);
	last = (u32)disk->bdev->capacity - MANY_PAGES * PAGE_SECTORS;
	write_and_read(disk->bdev, LBA28_END - 504, block, MANY_PAGES);
	write_and_read(disk->bdev, LBA28_END - 4, block, 1);
	write_and_read(disk->bdev, last, block, MANY_PAGES);
	/* where it would be if the upper bits were lost, all or some */
	EXPECT(is_empty(disk->bdev, last & 0xffffff, block));
	EXPECT(is_empty(disk->bdev, last & (LBA28_END - 1), block));
	__free_pages_ok(block, 7);
	EXPECT_EQ(blkdev_flush(disk->bdev), 0);
}
