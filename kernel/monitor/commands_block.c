/* The commands of the prompt that use block devices. */
#include <kernel/base/printk.h>
#include <kernel/block/report.h>
#include <kernel/fs/fs.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/monitor/monitor.h>
#include <mm/cache/pagemap.h>
#include <mm/page/page_alloc.h>

#define SECTORS_SHOWN 64U	/* guessed: 2048 lines are enough */

static int cmd_disks(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_disks();
	return 0;
}

MONITOR_COMMAND(disks, "", "block devices, and what they did", cmd_disks);

static int cmd_sync(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	fs_sync();
	printk("sync: %u pages are dirty still\n", nr_dirty_pages());
	return 0;
}

MONITOR_COMMAND(sync, "", "write out what is newer than the disks", cmd_sync);

static int cmd_drop(int argc, char **argv)
{
	u32 n;

	(void)argv;
	if (argc > 1)
		return -EINVAL;
	n = drop_page_caches();
	printk("drop: %u page%s went, %u of files are left\n", n,
	       n == 1 ? "" : "s", page_cache_pages());
	return 0;
}

MONITOR_COMMAND(drop, "", "pages of files that can be read again go",
		cmd_drop);

/* A number that is the whole word; false: it is none. */
static bool whole_number(const char *word, u64 *number)
{
	const char *end;

	return !parse_u64(word, &end, number) && !*end;
}

/* The disk and sector of argv[1] and argv[2]; NULL, and a sentence: wrong. */
static struct block_device *which(char **argv, u64 *sector)
{
	struct block_device *bdev = find_disk(argv[1]);

	if (!bdev)
		printk("%s: there is no disk %.20s; see disks\n", argv[0],
		       argv[1]);
	else if (!whole_number(argv[2], sector))
		printk("%s: %.20s is no number of a sector\n", argv[0],
		       argv[2]);
	else if (*sector >= bdev->capacity)
		printk("%s: %s has sectors 0 to %llu\n", argv[0], bdev->name,
		       bdev->capacity - 1);
	else if (bdev->gone)
		printk("%s: %s is gone\n", argv[0], bdev->name);
	else
		return bdev;
	return NULL;
}

static int cmd_readsect(int argc, char **argv)
{
	struct block_device *bdev;
	u64 sector, count = 1;

	if (argc < 3 || argc > 4)
		return -EINVAL;
	bdev = which(argv, &sector);
	if (!bdev)
		return 0;
	if (argc == 4 && (!whole_number(argv[3], &count) || !count ||
			  count > SECTORS_SHOWN)) {
		printk("readsect: 1 to %u sectors are shown at once\n",
		       SECTORS_SHOWN);
		return 0;
	}
	report_sectors(bdev, sector, (u32)count);
	return 0;
}

MONITOR_COMMAND(readsect, "DISK SECTOR [COUNT]",
		"sectors of a disk as bytes and text", cmd_readsect);

/* What is to stand in the sector: words with a blank between them, or a byte
 * everywhere. False: no byte. */
static bool make_data(char *data, int words, char **word)
{
	u64 byte;
	u32 used = 0;
	int i;

	if (words == 2 && !strcmp(word[0], "fill")) {
		if (!whole_number(word[1], &byte) || byte > 0xff)
			return false;
		memset(data, (int)byte, SECTOR_SIZE);
		return true;
	}
	memset(data, 0, SECTOR_SIZE);
	for (i = 0; i < words; i++)
		used += (u32)snprintf(data + used, SECTOR_SIZE - used, "%s%s",
				      i ? " " : "", word[i]);
	return true;
}

static void write_sector(struct block_device *bdev, sector_t sector,
			 struct page *page)
{
	struct bio_vec vec = { .bv_page = page, .bv_len = SECTOR_SIZE };
	struct bio bio = {
		.bdev = bdev, .sector = sector, .rw = WRITE | BIO_FLUSH,
		.vec = &vec, .vcnt = 1,
	};

	if (!submit_bio_wait(&bio))
		printk("writesect: sector %llu of %s is written\n", sector,
		       bdev->name);
}

static int cmd_writesect(int argc, char **argv)
{
	struct block_device *bdev;
	struct page *page;
	u64 sector;

	if (argc < 4)
		return -EINVAL;
	bdev = which(argv, &sector);
	if (!bdev)
		return 0;
	page = alloc_page(GFP_KERNEL);
	if (!page) {
		printk("writesect: no memory for the data\n");
		return 0;
	}
	if (!make_data(page_address(page), argc - 3, argv + 3))
		printk("writesect: %.20s is no byte: 0 to 255\n", argv[4]);
	else if (!monitor_ask("writesect: what stands there is lost; go on?"))
		printk("writesect: nothing is written\n");
	else
		write_sector(bdev, sector, page);
	__free_page(page);
	return 0;
}

MONITOR_COMMAND(writesect, "DISK SECTOR TEXT | fill BYTE",
		"write a sector, after a question", cmd_writesect);
