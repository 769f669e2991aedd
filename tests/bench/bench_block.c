/*
 * Block I/O without a device: what the layer costs. A bio of eight pages to a
 * RAM disk and its end, softirq included; copying them is 8192 of it.
 * Interrupts are on, as the end is told in a softirq.
 */
#include <kernel/block/ramdisk.h>
#include "bench.h"

#define PAGES 8U
#define ORDER 3U

static struct page *disk_memory, *data;
static struct block_device *disk;
static volatile bool ended;

static void has_ended(struct bio *bio)
{
	ended = true;
}

static void write_pages(struct bench *b)
{
	struct bio_vec vec[PAGES];
	struct bio bio = {
		.bdev = disk, .rw = WRITE, .vec = vec, .vcnt = PAGES,
		.end_io = has_ended,
	};
	u32 n = b->ops, i;

	for (i = 0; i < PAGES; i++)
		vec[i] = (struct bio_vec){ data + i, PAGE_SIZE, 0 };
	local_irq_enable();
	bench_start(b);
	do {
		ended = false;
		submit_bio(&bio);
		while (!ended)
			cpu_relax();
	} while (--n);
	bench_stop(b);
	local_irq_disable();
}

static void make_disk(void)
{
	disk_memory = alloc_pages(GFP_KERNEL, ORDER);
	data = alloc_pages(GFP_KERNEL, ORDER);
	if (disk_memory && data)
		disk = ramdisk_create("bench", "a benchmark's",
				      page_to_phys(disk_memory),
				      PAGES * PAGE_SIZE);
}

static void drop_disk(void)
{
	if (disk)
		ramdisk_destroy(disk);
	if (data)
		__free_pages(data, ORDER);
	if (disk_memory)
		__free_pages(disk_memory, ORDER);
}

static const struct bench_case cases[] = {
	{ .name = "block.ram", .ops = 200, .batches = BENCH_BATCHES,
	  .batch = write_pages, .begin = make_disk, .end = drop_disk,
	  .need = { .gfp = GFP_KERNEL, .order = ORDER, .blocks = 4 } },
};

BENCH_TABLE(bench_block, cases);
