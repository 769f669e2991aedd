/*
 * Disks from the block layer down to the image, which the host looks at when
 * the machine has ended: tests/machines/disks.py. Only disks that are labelled
 * for that are used (disks.h).
 */
#include <kernel/base/printk.h>
#include <kernel/block/floppy.h>
#include <kernel/cpu/time.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>
#include <mm/virt/vmalloc.h>
#include "bounce_pages.h"
#include "disks.h"
#include "threads.h"

#define KIND_PAGES (DISK_KIND_SECTORS * SECTOR_SIZE / PAGE_SIZE)
#define PAGE_SECTORS (PAGE_SIZE / SECTOR_SIZE)
#define FOUR_GB (1ULL << 32)

/* --- pages of each kind --- */

/* In the order of the blocks on the disk. */
enum { KIND_DMA, KIND_NORMAL, KIND_HIGH, KIND_ABOVE, DISK_KINDS };

static const char *const kind_names[DISK_KINDS] = {
	"DMA", "Normal", "HighMem", "above 4 GB",
};

static bool is_of_kind(const struct page *page, u32 kind)
{
	switch (kind) {
	case KIND_DMA:
		return page_to_phys(page) < 0x1000000;
	case KIND_NORMAL:
		return !page_is_high(page) && page_to_phys(page) >= 0x1000000;
	case KIND_HIGH:
		return page_is_high(page) && page_to_phys(page) < FOUR_GB;
	default:
		return page_to_phys(page) >= FOUR_GB;
	}
}

static void free_blocks(struct list_head *blocks)
{
	while (!list_empty(blocks)) {
		struct page *page = list_entry(blocks->next, struct page, lru);

		list_del(&page->lru);
		__free_pages_ok(page, page_order(page));
	}
}

/* Blocks of that order until one is of that kind; NULL: there is none. */
static struct page *block_of_kind(u32 kind, unsigned int order)
{
	gfp_t gfp = (kind == KIND_DMA ? GFP_DMA | GFP_KERNEL : kind >= KIND_HIGH
		     ? GFP_HIGHUSER : GFP_KERNEL) | __GFP_NOWARN |
		     __GFP_NORETRY;
	LIST_HEAD(others);
	struct page *page;

	while ((page = alloc_pages(gfp, order)) && !is_of_kind(page, kind))
		list_add(&page->lru, &others);
	free_blocks(&others);
	return page;
}

/* Written, spoiled, read back; the last state on the disk is for the host. */
static void write_and_read(struct block_device *bdev, u32 kind,
			   struct page *block)
{
	u32 sector = DISK_KINDS_FROM + kind * DISK_KIND_SECTORS, i;
	u32 gens[DISK_KIND_SECTORS];
	struct bio_vec vec[KIND_PAGES];
	struct bio bio;

	for (i = 0; i < DISK_KIND_SECTORS; i++)
		gens[i] = GEN_KINDS;
	for (i = 0; i < KIND_PAGES; i++)
		vec[i] = (struct bio_vec){ block + i, PAGE_SIZE, 0 };
	fill_pieces(vec, KIND_PAGES, sector, gens);
	EXPECT_EQ(disk_io(bdev, WRITE, sector, vec, KIND_PAGES, &bio), 0);
	for (i = 0; i < KIND_PAGES; i++)
		clear_highpage(block + i);
	EXPECT_EQ(disk_io(bdev, READ, sector, vec, KIND_PAGES, &bio), 0);
	EXPECT(pieces_are(vec, KIND_PAGES, sector, gens));
	EXPECT_EQ(blkdev_flush(bdev), 0);
	printk("    # disk: %s has a block from pages %s\n", bdev->name,
	       kind_names[kind]);
}

TEST(disk, pages_of_each_kind)
{
	struct test_disk disks[TEST_DISKS_MOST];
	u32 nr = find_test_disks(disks), kind, i;

	for (kind = 0; nr && kind < DISK_KINDS; kind++) {
		struct page *block = block_of_kind(kind, 3);

		if (!block)
			continue;
		for (i = 0; i < nr; i++)
			write_and_read(disks[i].bdev, kind, block);
		__free_pages_ok(block, 3);
	}
}

TEST(disk, what_the_host_wrote)
{
	struct test_disk disks[TEST_DISKS_MOST];
	u32 nr = find_test_disks(disks), gens[PAGE_SECTORS], i, at;
	struct page *page = nr ? alloc_page(GFP_HIGHUSER) : NULL;
	struct bio_vec vec = { page, PAGE_SIZE, 0 };

	if (!nr)
		return;
	REQUIRE(page);
	for (i = 0; i < PAGE_SECTORS; i++)
		gens[i] = GEN_HOST;
	for (i = 0; i < nr; i++)
		for (at = 0; at < DISK_HOST_SECTORS; at += PAGE_SECTORS) {
			EXPECT_EQ(bdev_read_page(disks[i].bdev,
						 DISK_HOST_FROM + at, page), 0);
			EXPECT(pieces_are(&vec, 1, DISK_HOST_FROM + at, gens));
		}
	__free_page(page);
}

/* --- at random, against a shadow --- */

#define STRIPE 64U		/* sectors; in turn the workers' */
#define WORKERS 4U		/* of a disk */
#define PIECES 8U
#define STRIPES (DISK_RANDOM_SECTORS / STRIPE / WORKERS)
#define REQUESTS test_rounds(10000)	/* of a disk */

/* A generation for each sector; 0: never written. */
static u32 *shadows[TEST_DISKS_MOST];

struct worker {
	struct block_device *bdev;
	u32 *gens;
	u32 from;			/* sector of gens[0] */
	u32 number, seed, gen, requests;
	struct page *pages[PIECES];
	u32 bad;			/* errors, and wrong contents */
};

/* Pieces of whole sectors, one in a page, of at most `most` sectors: all. */
static u32 random_pieces(struct worker *w, u32 most, struct bio_vec *vec,
			 u32 *nr)
{
	u32 sectors = 0;

	for (*nr = 0; *nr < PIECES && sectors < most; ++*nr) {
		u32 from = random_below(&w->seed, PAGE_SECTORS);
		u32 room = min(PAGE_SECTORS - from, most - sectors);
		u32 len = 1 + random_below(&w->seed, room);

		vec[*nr] = (struct bio_vec){ w->pages[*nr], len * SECTOR_SIZE,
					     from * SECTOR_SIZE };
		sectors += len;
		if (!random_below(&w->seed, PIECES))
			return ++*nr, sectors;
	}
	return sectors;
}

/* What was never written has unknown contents: then none is compared. */
static bool all_known(const u32 *gens, u32 sectors)
{
	while (sectors--)
		if (!*gens++)
			return false;
	return true;
}

static void random_request(struct worker *w)
{
	u32 stripe = random_below(&w->seed, STRIPES) * WORKERS + w->number;
	u32 first = random_below(&w->seed, STRIPE), nr, i;
	struct bio_vec vec[PIECES];
	u32 sectors = random_pieces(w, STRIPE - first, vec, &nr);
	u32 at = stripe * STRIPE + first;
	bool write = random_below(&w->seed, 2);
	struct bio bio;

	if (write) {
		for (i = 0; i < sectors; i++)
			w->gens[at + i] = ++w->gen;
		fill_pieces(vec, nr, w->from + at, w->gens + at);
	}
	if (disk_io(w->bdev, write ? WRITE : READ, w->from + at, vec,
		    nr, &bio))
		w->bad++;
	if (!write && all_known(w->gens + at, sectors) &&
	    !pieces_are(vec, nr, w->from + at, w->gens + at))
		w->bad++;
}

static int work(void *data)
{
	struct worker *w = data;
	u32 i;

	for (i = 0; i < w->requests; i++)
		random_request(w);
	return 0;
}

static void free_worker(struct worker *w)
{
	u32 i;

	for (i = 0; w && i < PIECES; i++)
		if (w->pages[i])
			__free_page(w->pages[i]);
	kfree(w);
}

static struct worker *new_worker(struct block_device *bdev, u32 *gens,
				 u32 number, u32 requests)
{
	static const gfp_t gfps[] = {
		GFP_KERNEL, GFP_HIGHUSER, GFP_KERNEL | GFP_DMA, GFP_HIGHUSER,
	};
	struct worker *w = kzalloc(sizeof(*w), GFP_KERNEL);
	u32 i;

	if (!w)
		return NULL;
	w->bdev = bdev;
	w->gens = gens;
	w->from = DISK_RANDOM_FROM;
	w->number = number;
	w->requests = requests;
	w->seed = 12345 + number;
	w->gen = 1 + (number << 24);
	for (i = 0; i < PIECES; i++) {
		w->pages[i] = alloc_page(gfps[i % ARRAY_SIZE(gfps)]);
		if (!w->pages[i]) {
			free_worker(w);
			return NULL;
		}
	}
	return w;
}

/* For the host: so it knows that what is on the disk is the last state. */
static void tell_sum(const struct block_device *bdev, const u32 *gens)
{
	u32 sum = 0, i;

	for (i = 0; i < DISK_RANDOM_SECTORS; i++)
		sum += gens[i];
	printk("    # disk: %s random sum %08x\n", bdev->name, sum);
}

static bool make_shadows(u32 nr)
{
	bool all = true;
	u32 i;

	for (i = 0; i < nr; i++) {
		shadows[i] = vzalloc(DISK_RANDOM_SECTORS * sizeof(u32));
		all &= shadows[i] != NULL;
	}
	return all;
}

static void drop_shadows(u32 nr)
{
	while (nr--) {
		vfree(shadows[nr]);
		shadows[nr] = NULL;
	}
}

/* All workers of all disks at once, each in a thread. */
static void random_on_all(const struct test_disk *disks, u32 nr)
{
	struct worker *workers[TEST_DISKS_MOST * WORKERS] = { NULL };
	struct crew crew = { .n = 0 };
	u32 i;

	for (i = 0; i < nr * WORKERS; i++) {
		workers[i] = new_worker(disks[i / WORKERS].bdev,
					shadows[i / WORKERS], i % WORKERS,
					REQUESTS / WORKERS);
		if (!EXPECT(workers[i]) ||
		    !crew_add(&crew, PRIO_DEFAULT, work, workers[i]))
			break;
	}
	crew_join(&crew);
	for (i = 0; i < nr * WORKERS; i++) {
		EXPECT_EQ(workers[i] ? workers[i]->bad : 0, 0);
		free_worker(workers[i]);
	}
}

TEST(disk, random_against_a_shadow)
{
	struct test_disk disks[TEST_DISKS_MOST];
	u32 nr = find_test_disks(disks), i;

	if (nr && EXPECT(make_shadows(nr))) {
		random_on_all(disks, nr);
		for (i = 0; i < nr; i++) {
			EXPECT_EQ(blkdev_flush(disks[i].bdev), 0);
			tell_sum(disks[i].bdev, shadows[i]);
		}
	}
	drop_shadows(nr);
}

/* --- with no memory at all --- */

TEST(disk, random_without_memory)
{
	struct test_disk disks[TEST_DISKS_MOST];
	u32 nr = find_test_disks(disks);
	struct worker *w;

	if (!nr)
		return;
	if (EXPECT(make_shadows(1))) {
		w = new_worker(disks[0].bdev, shadows[0], 0, REQUESTS);
		REQUIRE(w);
		w->from = DISK_STARVED_FROM;
		EXPECT(hog_all());
		work(w);
		hog_end();
		EXPECT_EQ(w->bad, 0);
		free_worker(w);
	}
	drop_shadows(1);
}

/* --- all devices at once --- */

#define SHARED_SECTORS 256U	/* from 0 on: of any disk, and only read */
#define READS 1000U
#define READS_SLOW 20U	/* of a floppy */
#define DEVICES_MOST 8U

struct reader {
	struct block_device *bdev;
	u32 *sums;		/* of each sector, as it was first read */
	struct page *page;
	u32 seed, requests, bad;
};

static u32 sum_of(const u8 *data)
{
	u32 sum = 0, i;

	for (i = 0; i < SECTOR_SIZE; i++)
		sum = sum * 31 + data[i];
	return sum;
}

/* n sectors, which are a page at most; the first time they are noted. */
static void read_shared(struct reader *r, u32 sector, u32 n, bool first)
{
	u32 offset = random_below(&r->seed, PAGE_SECTORS - n + 1), i;
	struct bio_vec vec = { r->page, n * SECTOR_SIZE, offset * SECTOR_SIZE };
	struct bio bio;
	u8 *data;

	if (disk_io(r->bdev, READ, sector, &vec, 1, &bio)) {
		r->bad++;
		return;
	}
	data = (u8 *)kmap(r->page) + vec.bv_offset;
	for (i = 0; i < n; i++) {
		u32 sum = sum_of(data + i * SECTOR_SIZE);

		if (first)
			r->sums[sector + i] = sum;
		else
			r->bad += r->sums[sector + i] != sum;
	}
	kunmap(r->page);
}

static int read_at_random(void *data)
{
	struct reader *r = data;
	u32 sectors = (u32)min(r->bdev->capacity, (sector_t)SHARED_SECTORS);
	u32 i, n;

	for (i = 0; i < sectors; i += n) {
		n = min(PAGE_SECTORS, sectors - i);
		read_shared(r, i, n, true);
	}
	for (i = 0; i < r->requests; i++) {
		u32 at = random_below(&r->seed, sectors);
		u32 most = min(PAGE_SECTORS, sectors - at);

		read_shared(r, at, 1 + random_below(&r->seed, most), false);
	}
	return 0;
}

static bool set_up(struct reader *r, struct block_device *bdev, u32 seed)
{
	bool slow = bdev->limits.dma_mask < 0x1000000;

	*r = (struct reader){
		.bdev = bdev, .seed = seed,
		.requests = slow ? READS_SLOW : READS,
		.sums = kcalloc(SHARED_SECTORS, sizeof(u32), GFP_KERNEL),
		.page = alloc_page(GFP_HIGHUSER),
	};
	return EXPECT(r->sums) & EXPECT(r->page);
}

/* Whatever kinds there are (IDE, floppy, RAM disk), each in a thread of its
 * own: pools, windows and interrupts are shared. */
TEST(disk, all_devices_at_once)
{
	struct reader readers[DEVICES_MOST];
	struct crew crew = { .n = 0 };
	struct block_device *bdev;
	bool ready = true;
	u32 nr = 0, i;

	for (bdev = next_disk(NULL); bdev && nr < DEVICES_MOST;
	     bdev = next_disk(bdev), nr++)
		ready &= set_up(&readers[nr], bdev, 77 + nr);
	if (!nr)
		test_skip("there is no disk");
	for (i = 0; i < nr && ready; i++)
		crew_add(&crew, PRIO_DEFAULT, read_at_random, &readers[i]);
	crew_join(&crew);
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(readers[i].bad, 0);
		kfree(readers[i].sums);
		if (readers[i].page)
			__free_page(readers[i].page);
	}
	/* its timer would count as left behind */
	while (floppy_motor_on())
		msleep(100);
}
