/*
 * Reading a disk ahead: few requests, and errors only where they are.
 */
#include <kernel/base/fail.h>
#include <kernel/base/printk.h>
#include <kernel/fs/internal.h>
#include <mm/cache/radix_nodes.h>
#include <mm/object/kmalloc.h>
#include <mm/object/slab.h>
#include "fake_disk.h"

#define DISK_PAGES (FAKE_SECTORS * SECTOR_SIZE / PAGE_SIZE)

static struct file *disk_open(struct fake_disk *disk)
{
	struct file *file = NULL;

	disk->way = FAKE_LATER;
	EXPECT_EQ(block_file_add(&disk->bdev), 0);
	EXPECT_EQ(file_open("/dev/fake0", O_RDONLY, 0, &file), 0);
	return file;
}

static void disk_close(struct fake_disk *disk, struct file *file)
{
	if (file)
		fput(file);
	EXPECT_EQ(path_unlink("/dev/fake0"), 0);
	EXPECT_EQ(disk->violations, 0);
	fake_destroy(disk);
}

static bool page_is_right(struct file *file, const struct fake_disk *disk,
			  u32 index, u8 *buf)
{
	return kernel_read(file, (u64)index << PAGE_SHIFT, buf, PAGE_SIZE) ==
	       PAGE_SIZE &&
	       !memcmp(buf, disk->data + index * PAGE_SIZE, PAGE_SIZE);
}

TEST(readahead_disk, disk_gets_few_requests)
{
	struct fake_disk *disk = fake_create();
	u8 *buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	struct file *file;
	u32 i;

	REQUIRE(disk && buf);
	file = disk_open(disk);
	for (i = 0; file && i < DISK_PAGES; i++)
		EXPECT(page_is_right(file, disk, i, buf));
	/* 4, 8, 16, 32 and what is left of 32 pages */
	EXPECT_EQ(disk->nr_log, 5);
	EXPECT_EQ(disk->bdev.stat.sectors[READ], FAKE_SECTORS);
	kfree(buf);
	disk_close(disk, file);
}

/* A sector in the middle of a group: only its page cannot be had. */
TEST(readahead_disk, bad_sector_in_a_group)
{
	struct fake_disk *disk = fake_create();
	u8 *buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	struct file *file;
	u32 i;

	REQUIRE(disk && buf);
	disk->bad = 7 * 8 + 3;
	disk->bad_end = disk->bad + 1;
	disk->cause = BLK_MEDIUM;
	file = disk_open(disk);
	for (i = 0; file && i < DISK_PAGES; i++)
		EXPECT(page_is_right(file, disk, i, buf) == (i != 7));
	/* the group's, and the one of who wanted it */
	test_allow_warnings(2);
	kfree(buf);
	disk_close(disk, file);
}

/* All of the disk, while one request fails: how many pages could not be had.
 * Those can be right behind that. *most: of the disk's requests. */
static u32 read_without(const char *name, u32 n, u8 *buf, u32 *most)
{
	struct fail_point *point = fail_find(name, 4);
	struct fake_disk *disk = fake_create();
	struct file *file;
	u32 i, wrong = 0;

	if (!EXPECT(point && disk))
		return 0;
	file = disk_open(disk);
	radix_nodes_drain();
	kmem_caches_shrink();
	fail_nth(point, n);
	for (i = 0; file && i < DISK_PAGES; i++)
		wrong += !page_is_right(file, disk, i, buf);
	fail_nth(point, 0);
	*most = max(*most, disk->nr_log);
	for (i = 0; file && i < DISK_PAGES; i++)
		EXPECT(page_is_right(file, disk, i, buf));
	disk_close(disk, file);
	return wrong;
}

/* What is read ahead may lack memory; only who needs a page is told. */
TEST(readahead_disk, nth_allocation_fails)
{
	unsigned int warnings = printk_warnings();
	u8 *buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	u32 n, wrong = 0, most_pages = 0, most_objects = 0;

	REQUIRE(buf);
	for (n = 1; n <= 12; n++) {
		u32 pages = read_without("page", n, buf,
					 &most_pages);
		u32 objects = read_without("slab", n, buf,
					   &most_objects);

		EXPECT(pages <= 1 && objects <= 1);
		wrong += pages + objects;
	}
	/* mostly it is one that was read ahead */
	EXPECT(wrong <= 6);
	/* without failures it takes five */
	EXPECT(most_pages > 5 && most_objects > 5);
	test_allow_warnings(printk_warnings() - warnings);
	kfree(buf);
}
