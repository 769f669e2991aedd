/* RAM disks: kernel/block/ramdisk.c. */
#include <kernel/block/ramdisk.h>
#include <mm/page/page_alloc.h>
#include "ktest.h"

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
