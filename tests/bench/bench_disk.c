/*
 * Requests of a disk. disk.dma.8pages: all that the CPU does for a read of
 * eight pages by the bus master: submit_bio(), the interrupt, end_io(). The
 * time in between, in which the disk works, does not count: the line is masked
 * until the interrupt is there. How long that takes is the host's affair, so
 * these cases are the last, and no tick comes in a batch: figures are the same
 * in each run.
 */
#include <kernel/block/blkdev.h>
#include <kernel/cpu/io.h>
#include <kernel/cpu/irq.h>
#include <kernel/lib/bug.h>
#include <mm/page/page_alloc.h>
#include "bench.h"

#define PAGES_ORDER 3
#define PAGES (1U << PAGES_ORDER)
#define LINE 14
#define PIC2 0xa0
#define READ_REQUESTS 0x0a	/* OCW3: which lines want to interrupt */

static struct page *pages[PAGES];
static struct bio_vec vec[PAGES];
static volatile bool ended;

/* They follow each other in memory, as pages that are read together mostly do;
 * whether single ones would is chance, and each that does not takes 67 more. */
static void disk_begin(void)
{
	struct page *block = alloc_pages(GFP_KERNEL, PAGES_ORDER);
	u32 i;

	BUG_ON(!block, "no memory for a benchmark");
	split_page(block, PAGES_ORDER);
	for (i = 0; i < PAGES; i++) {
		pages[i] = block + i;
		vec[i] = (struct bio_vec){ pages[i], PAGE_SIZE, 0 };
	}
}

static void disk_end(void)
{
	u32 i;

	for (i = 0; i < PAGES; i++)
		__free_page(pages[i]);
}

static bool line_wants(void)
{
	outb(PIC2, READ_REQUESTS);
	return inb(PIC2) & 1U << (LINE - 8);
}

static void end_read(struct bio *bio)
{
	ended = true;
}

static void dma(struct bench *b)
{
	struct bio bio = {
		.bdev = find_disk("hda"), .rw = READ, .vcnt = PAGES,
		.vec = vec, .end_io = end_read,
	};
	u32 n = b->ops;

	disable_irq(IRQ_TIMER);
	local_irq_enable();
	while (n--) {
		ended = false;
		disable_irq(LINE);
		bench_start(b);
		submit_bio(&bio);
		bench_stop(b);
		while (!line_wants())
			;
		bench_start(b);
		enable_irq(LINE);
		while (!ended)
			;
		bench_stop(b);
	}
	local_irq_disable();
	enable_irq(IRQ_TIMER);
}

static const struct bench_case cases[] = {
	{ .name = "disk.dma.8pages", .ops = 200, .batches = 5, .batch = dma,
	  .need = { .disk = "hda" }, .begin = disk_begin, .end = disk_end },
};

BENCH_TABLE(bench_disk, cases);
