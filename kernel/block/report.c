#include <kernel/base/printk.h>
#include <kernel/block/report.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/string.h>
#include <mm/page/page_alloc.h>

#define ROW 16U

static void report_limits(const struct block_device *bdev)
{
	const struct queue_limits *l = &bdev->limits;

	printk("  a request: %u sectors and %u segments at most, within "
	       "%u ms\n", l->max_sectors, l->max_segments,
	       jiffies_to_msecs(bdev->timeout));
	printk("  a segment: %u bytes at most, ", l->max_segment_size);
	if (l->seg_boundary_mask >= UINT32_MAX)
		printk("across any line, ");
	else
		printk("none across %u, ", (u32)l->seg_boundary_mask + 1);
	printk("memory up to %012llx\n", l->dma_mask);
}

static void report_traffic(const struct block_device *bdev, const char *what,
			   u32 rw)
{
	printk("  %s: %llu sectors, %u requests, %u joined, %u pages "
	       "bounced\n", what, bdev->stat.sectors[rw],
	       bdev->stat.requests[rw], bdev->stat.merges[rw],
	       bdev->stat.bounced[rw]);
}

void report_disks(void)
{
	struct block_device *bdev;

	if (!next_disk(NULL))
		printk("there are no disks\n");
	for (bdev = next_disk(NULL); bdev; bdev = next_disk(bdev)) {
		printk("%s: %s, %llu sectors (%llu KB), driver %s%s%s\n",
		       bdev->name, bdev->model, bdev->capacity,
		       bdev->capacity >> 1, bdev->driver->name,
		       bdev->read_only ? ", read-only" : "",
		       bdev->gone ? ", gone" : "");
		report_limits(bdev);
		report_traffic(bdev, "read", READ);
		report_traffic(bdev, "written", WRITE);
		printk("  trouble: %u retries, %u time limits, %u errors\n",
		       bdev->stat.retries, bdev->stat.timeouts,
		       bdev->stat.errors);
	}
}

static void print_row(u64 address, const u8 *data)
{
	char text[ROW + 1];
	u32 i;

	printk("%08llx ", address);
	for (i = 0; i < ROW; i++) {
		printk(" %02x", data[i]);
		text[i] = (char)(data[i] >= ' ' && data[i] < 0x7f ? data[i] :
								    '.');
	}
	text[ROW] = '\0';
	printk("  %s\n", text);
}

/* Rows that are as the one before are one star. */
static void print_sector(sector_t sector, const u8 *data)
{
	bool same, star = false;
	u32 i;

	for (i = 0; i < SECTOR_SIZE; i += ROW) {
		same = i && !memcmp(data + i, data + i - ROW, ROW);
		if (!same)
			print_row((sector << SECTOR_SHIFT) + i, data + i);
		else if (!star)
			printk("*\n");
		star = same;
	}
}

static int read_sector(struct block_device *bdev, sector_t sector,
		       struct page *page)
{
	struct bio_vec vec = { .bv_page = page, .bv_len = SECTOR_SIZE };
	struct bio bio = {
		.bdev = bdev, .sector = sector, .rw = READ,
		.vec = &vec, .vcnt = 1,
	};

	return submit_bio_wait(&bio);
}

void report_sectors(struct block_device *bdev, sector_t sector, u32 count)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (!page) {
		printk("no memory for the data of sectors\n");
		return;
	}
	/* the layer has said what went wrong */
	for (; count && !read_sector(bdev, sector, page); count--, sector++)
		print_sector(sector, page_address(page));
	__free_page(page);
}
