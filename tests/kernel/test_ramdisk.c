/* RAM disks: kernel/block/ramdisk.c. */
#include <kernel/base/fail.h>
#include <kernel/block/ramdisk.h>
#include <kernel/cpu/time.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>
#include <mm/page/page_alloc.h>
#include "bounce_pages.h"
#include "disks.h"
#include "threads.h"

#define DISK_ORDER 4U
#define DISK_BYTES (PAGE_SIZE << DISK_ORDER)

static struct {
	struct page *memory;
	struct block_device *bdev;
} ram;

static bool make_disk(void)
{
	ram.memory = alloc_pages(GFP_KERNEL, DISK_ORDER);
	if (!EXPECT(ram.memory))
		return false;
	memset(page_address(ram.memory), 0xee, DISK_BYTES);
	ram.bdev = ramdisk_create("ramt", "a test's memory",
				  page_to_phys(ram.memory), DISK_BYTES);
	if (EXPECT(ram.bdev))
		return true;
	__free_pages(ram.memory, DISK_ORDER);
	return false;
}

static void drop_disk(void)
{
	ramdisk_destroy(ram.bdev);
	__free_pages(ram.memory, DISK_ORDER);
}

TEST(ramdisk, a_page_there_and_back)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u8 *data;

	REQUIRE(page);
	data = page_address(page);
	if (make_disk()) {
		memset(data, 0x5a, PAGE_SIZE);
		EXPECT_EQ(bdev_write_page(ram.bdev, 8, page), 0);
		memset(data, 0, PAGE_SIZE);
		EXPECT_EQ(bdev_read_page(ram.bdev, 8, page), 0);
		EXPECT_EQ(data[0], 0x5a);
		EXPECT_EQ(data[PAGE_SIZE - 1], 0x5a);
		EXPECT_EQ(*((u8 *)page_address(ram.memory) + 8 * 512 - 1),
			  0xee);
		EXPECT_EQ(*((u8 *)page_address(ram.memory) + 8 * 512), 0x5a);
		EXPECT_EQ(*((u8 *)page_address(ram.memory) + 16 * 512), 0xee);
		EXPECT_EQ(blkdev_flush(ram.bdev), 0);
		drop_disk();
	}
	__free_page(page);
}

/* No page is out of its reach; pieces go between sectors and page ends. */
TEST(ramdisk, pages_of_high_memory)
{
	static const u32 gens[] = { 3, 4, 5, 6, 7 };
	struct page *pages[2] = { alloc_page(GFP_HIGHUSER),
				  alloc_page(GFP_HIGHUSER) };
	struct bio_vec vec[] = {
		{ pages[0], 3 * SECTOR_SIZE, PAGE_SIZE - 3 * SECTOR_SIZE },
		{ pages[1], 2 * SECTOR_SIZE, 512 },
	};
	struct bio bio;
	u32 i;

	REQUIRE(pages[0] && pages[1]);
	if (make_disk()) {
		fill_pieces(vec, 2, 7, gens);
		EXPECT_EQ(disk_io(ram.bdev, WRITE, 7, vec, 2, &bio), 0);
		for (i = 0; i < 2; i++)
			page_fill(pages[i], 9);
		EXPECT_EQ(disk_io(ram.bdev, READ, 7, vec, 2, &bio), 0);
		EXPECT(pieces_are(vec, 2, 7, gens));
		for (i = 0; i < 2; i++)
			EXPECT(page_is_outside(&vec[i], 9));
		EXPECT_EQ(ram.bdev->stat.bounced[READ], bounce_all ? 2 : 0);
		EXPECT_EQ(ram.bdev->stat.bounced[WRITE], bounce_all ? 2 : 0);
		drop_disk();
	}
	for (i = 0; i < 2; i++)
		__free_page(pages[i]);
}

/* What lies above the direct map is seen through a window, and a page of high
 * memory through another one at the same time. */
TEST(ramdisk, the_disk_of_the_command_line)
{
	struct block_device *bdev = find_disk("ram0");
	struct page *page;
	u32 i, wrong = 0;

	if (!bdev) {
		test_skip("there is no ramdisk=");
		return;
	}
	page = alloc_page(GFP_HIGHUSER);
	REQUIRE(page);
	for (i = 0; i + 8 <= bdev->capacity && i < 800; i += 8) {
		page_fill(page, i / 8);
		wrong += bdev_write_page(bdev, i, page) != 0;
	}
	for (i = 0; i + 8 <= bdev->capacity && i < 800; i += 8) {
		wrong += bdev_read_page(bdev, i, page) != 0;
		wrong += !page_is(page, i / 8);
	}
	EXPECT_EQ(wrong, 0);
	__free_page(page);
}

/* --- at random, by several threads --- */

#define WORKERS 4U
#define ROUNDS test_rounds(2500)
#define STRIPE (DISK_BYTES / SECTOR_SIZE / WORKERS)	/* sectors */
#define PAGES 3U
#define PIECES (PAGES * 8)

struct worker {
	u32 first, seed, wrong;
	u32 version[STRIPE];		/* the shadow: what was written last */
	struct page *page[PAGES];
	struct bio_vec vec[PIECES];
	struct bio bio;
};

static struct worker *workers;
static volatile bool may_begin;

/* What a sector holds: each word tells where and when. */
static void fill_sector(u32 *data, u32 sector, u32 version)
{
	u32 i;

	for (i = 0; i < SECTOR_SIZE / 4; i++)
		data[i] = (sector << 8 ^ version) * 2654435761U + i;
}

static bool sector_is(const u32 *data, u32 sector, u32 version)
{
	u32 i;

	for (i = 0; i < SECTOR_SIZE / 4; i++)
		if (data[i] != (sector << 8 ^ version) * 2654435761U + i)
			return false;
	return true;
}

/* Pieces of one or two sectors, scattered over the pages: how many sectors. */
static u32 make_pieces(struct worker *w, u32 most)
{
	u32 sectors = 0, slot, n;

	w->bio.vcnt = 0;
	for (slot = 0; slot < PAGES * 8 && sectors < most; slot += n) {
		n = 1 + (slot % 2 == 0 && most - sectors > 1 &&
			 random_below(&w->seed, 2));
		w->vec[w->bio.vcnt++] = (struct bio_vec){
			.bv_page = w->page[(slot / 8 * 7 + 1) % PAGES],
			.bv_len = n * SECTOR_SIZE,
			.bv_offset = slot % 8 * SECTOR_SIZE,
		};
		sectors += n;
	}
	return sectors;
}

/* fn for the data of each sector of the bio. */
static void each_sector(struct worker *w,
			void (*fn)(struct worker *w, u32 *data, u32 sector))
{
	u32 i, at, sector = (u32)w->bio.sector;

	for (i = 0; i < w->bio.vcnt; i++)
		for (at = 0; at < w->vec[i].bv_len; at += SECTOR_SIZE)
			fn(w, (u32 *)((char *)page_address(w->vec[i].bv_page) +
				      w->vec[i].bv_offset + at), sector++);
}

static void new_version(struct worker *w, u32 *data, u32 sector)
{
	fill_sector(data, sector, ++w->version[sector - w->first]);
}

static void compare(struct worker *w, u32 *data, u32 sector)
{
	u32 version = w->version[sector - w->first];

	w->wrong += version && !sector_is(data, sector, version);
}

static void one_request(struct worker *w)
{
	u32 at = random_below(&w->seed, STRIPE);
	u32 n = make_pieces(w, 1 + random_below(&w->seed,
						min(STRIPE - at, PIECES)));

	BUG_ON(at + n > STRIPE, "a request beyond the worker's stripe");
	w->bio.sector = w->first + at;
	w->bio.rw = random_below(&w->seed, 2) ? WRITE : READ;
	w->bio.vec = w->vec;
	if (w->bio.rw == WRITE)
		each_sector(w, new_version);
	w->wrong += submit_bio_wait(&w->bio) != 0;
	if (w->bio.rw == READ)
		each_sector(w, compare);
}

static int works(void *data)
{
	struct worker *w = data;
	u32 i;

	while (!may_begin)
		msleep(10);
	for (i = 0; i < ROUNDS; i++)
		one_request(w);
	return 0;
}

static bool make_workers(void)
{
	u32 i, j;

	workers = kzalloc(WORKERS * sizeof(*workers), GFP_KERNEL);
	if (!EXPECT(workers))
		return false;
	for (i = 0; i < WORKERS; i++) {
		workers[i].first = i * STRIPE;
		workers[i].seed = 4711 + i;
		workers[i].bio.bdev = ram.bdev;
		for (j = 0; j < PAGES; j++) {
			workers[i].page[j] = alloc_page(GFP_KERNEL);
			if (!EXPECT(workers[i].page[j]))
				return false;
		}
	}
	return true;
}

static void drop_workers(void)
{
	u32 i, j;

	for (i = 0; workers && i < WORKERS; i++)
		for (j = 0; j < PAGES; j++)
			if (workers[i].page[j])
				__free_page(workers[i].page[j]);
	kfree(workers);
}

static void run_workers(bool exhausted)
{
	const struct fail_plan always = {
		.how = FAIL_PROBABILITY, .n = 100, .seed = 1,
	};
	struct fail_point *slab = fail_find("slab", 4);
	struct crew crew = { .n = 0 };
	u32 i;

	may_begin = false;
	for (i = 0; i < WORKERS; i++)
		crew_add(&crew, PRIO_DEFAULT, works, &workers[i]);
	if (exhausted) {
		EXPECT(hog_all());
		fail_set(slab, &always);
	}
	may_begin = true;
	crew_join(&crew);
	fail_nth(slab, 0);
	hog_end();
	for (i = 0; i < WORKERS; i++)
		EXPECT_EQ(workers[i].wrong, 0);
}

/* 10,000 requests of all rounds; limits so that many go in parts and pieces are
 * cut. */
static void random_requests(bool exhausted)
{
	if (!make_disk())
		return;
	ram.bdev->limits.max_sectors = 9;
	ram.bdev->limits.max_segments = 3;
	ram.bdev->limits.max_segment_size = 3 * SECTOR_SIZE;
	ram.bdev->limits.seg_boundary_mask = 2 * SECTOR_SIZE - 1;
	if (make_workers())
		run_workers(exhausted);
	drop_workers();
	EXPECT_EQ(ram.bdev->stat.errors, 0);
	drop_disk();
}

TEST(ramdisk, random_requests_of_several_threads)
{
	random_requests(false);
}

TEST(ramdisk, random_requests_without_memory)
{
	random_requests(true);
}

/* One try of fifty fails: each caller sees right data all the same. */
TEST(ramdisk, random_requests_and_failures)
{
	const struct fail_plan often = {
		.how = FAIL_PROBABILITY, .n = 2, .seed = 3,
	};
	struct fail_point *point = fail_find("block_io", 8);
	u32 retries;

	REQUIRE(point);
	if (!make_disk())
		return;
	fail_set(point, &often);
	if (make_workers())
		run_workers(false);
	fail_nth(point, 0);
	drop_workers();
	retries = ram.bdev->stat.retries;
	EXPECT(retries > test_rounds(100));
	drop_disk();
}
