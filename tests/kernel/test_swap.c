/*
 * Swap areas: which there are, whose turn it is, how they begin and end; disks
 * and files as areas.
 */
#include <kernel/base/printk.h>
#include <kernel/fs/internal.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <mm/object/kmalloc.h>
#include "fake_disk.h"
#include "swap_areas.h"

#define SLOTS 32U
#define NODE "/dev/fake0"
#define PAGE(n) (USER + (n) * PAGE_SIZE)

static void tell(const char *sentence)
{
	printk("%s\n", sentence);
	EXPECT(!"swap is not as it says");
}

/* A space with so many pages: word 0 of each is its number and 100. */
static struct mm_struct *space_with(u32 pages)
{
	struct mm_struct *mm = space_begin();
	u32 i;

	if (!mm || !EXPECT(map_pages(mm, USER, pages, RW, MAP_FIXED) == USER))
		return NULL;
	for (i = 0; i < pages; i++)
		EXPECT(poke(PAGE(i), 100 + i));
	return mm;
}

static bool all_out(struct mm_struct *mm, u32 pages)
{
	u32 i;

	for (i = 0; i < pages; i++)
		if (!EXPECT(swap_out_page(mm, PAGE(i))))
			return false;
	return true;
}

static void all_are_right(u32 pages)
{
	u32 i;

	for (i = 0; i < pages; i++)
		EXPECT_EQ(peek(PAGE(i)), 100 + i);
}

/* --- whose turn it is --- */

/* The area of the next slot, which goes back at once. */
static u32 next_area(swp_entry_t *entry)
{
	*entry = get_swap_page();
	return swp_type(*entry);
}

TEST(swap, equal_ones_take_turns)
{
	struct test_area *a = area_begin("a", SLOTS, TEST_PRIO);
	struct test_area *b = area_begin("b", SLOTS, TEST_PRIO);
	struct test_area *low = area_begin("low", SLOTS, TEST_PRIO - 1);
	struct test_area *high = area_begin("high", 4, TEST_PRIO + 1);
	u32 count[MAX_SWAPFILES] = { 0 }, n, last = MAX_SWAPFILES, twice = 0;
	swp_entry_t entry[3 + 2 * (SLOTS - 1) + 1];

	REQUIRE(a && b && low && high);
	for (n = 0; n < ARRAY_SIZE(entry); n++) {
		u32 area = next_area(&entry[n]);

		count[area]++;
		/* the three of the highest first, then in turns, then below */
		if (n < 3)
			EXPECT_EQ(area, area_of(high)->type);
		else if (n < ARRAY_SIZE(entry) - 1)
			twice += area == last;
		else
			EXPECT_EQ(area, area_of(low)->type);
		last = area;
	}
	EXPECT_EQ(twice, 0);
	EXPECT_EQ(count[area_of(a)->type], SLOTS - 1);
	EXPECT_EQ(count[area_of(b)->type], SLOTS - 1);
	for (n = 0; n < ARRAY_SIZE(entry); n++)
		swap_free(entry[n]);
	area_end(high);
	area_end(a);
	area_end(low);
	area_end(b);
}

TEST(swap, two_areas_and_one_of_them_ends)
{
	struct test_area *a = area_begin("a", SLOTS, TEST_PRIO);
	struct test_area *b = area_begin("b", SLOTS, TEST_PRIO);
	struct mm_struct *mm = space_with(24);
	u32 free = nr_swap_pages(), total = total_swap_pages();

	REQUIRE(a && b && mm && all_out(mm, 24));
	EXPECT(area_of(a)->inuse == 12 && area_of(b)->inuse == 12);
	EXPECT(nr_swap_pages() == free - 24 && total_swap_pages() == total);
	EXPECT_EQ(check_swap(tell), 0);
	area_end(a);
	EXPECT_EQ(mm->swap_entries, 12);
	EXPECT_EQ(total_swap_pages(), total - (SLOTS - 1));
	all_are_right(24);
	space_end(mm);
	area_end(b);
}

/* --- how they begin --- */

TEST(swap, what_is_refused)
{
	struct test_area *a = area_begin("a", SLOTS, TEST_PRIO);
	struct test_area *bad = area_create("bad", SLOTS);

	REQUIRE(a && bad);
	test_allow_warnings(3);
	EXPECT_EQ(swapon(&a->backing, 1), -EBUSY);
	write_swap_header(bad->data, SLOTS, 0, NULL);
	EXPECT_EQ(swapon(&bad->backing, 1), -EINVAL);
	bad->data[PAGE_SIZE - 1] = 'x';
	EXPECT_EQ(swapon(&bad->backing, 1), -EINVAL);
	EXPECT_EQ(swapon_path("/dev/nothing", 1), -ENOENT);
	EXPECT_EQ(swapoff("bad"), -EINVAL);
	area_destroy(bad);
	area_end(a);
}

TEST(swap, no_more_than_there_is_room_for)
{
	struct test_area *area[MAX_SWAPFILES + 1];
	u32 n, i;
	int err = 0;
	char name[8];

	for (n = 0; n <= MAX_SWAPFILES && !err; n++) {
		snprintf(name, sizeof(name), "t%u", n);
		area[n] = area_create(name, 4);
		REQUIRE(area[n]);
		if (n == MAX_SWAPFILES)
			test_allow_warnings(1);
		err = swapon(&area[n]->backing, -1);
	}
	EXPECT_EQ(err, -EPERM);
	area_destroy(area[--n]);
	/* each was below all others */
	for (i = 1; i < n; i++)
		EXPECT(area_of(area[i])->prio < area_of(area[i - 1])->prio);
	while (n)
		area_end(area[--n]);
}

TEST(swap, bad_slots_of_the_header)
{
	static const u32 bad[] = { 1, 3, 9 };
	struct test_area *a = area_create("a", 10);
	swp_entry_t entry[7];
	u32 i;

	REQUIRE(a);
	write_swap_header(a->data, 9, 3, bad);
	EXPECT_EQ(swapon(&a->backing, TEST_PRIO), 0);
	EXPECT_EQ(area_of(a)->usable, 6);
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(next_area(&entry[i]), area_of(a)->type);
		EXPECT(swp_offset(entry[i]) != 1 && swp_offset(entry[i]) != 3);
		EXPECT(swp_offset(entry[i]) < 9);
	}
	EXPECT_EQ(area_of(a)->inuse, 6);
	for (i = 0; i < 6; i++)
		swap_free(entry[i]);
	area_end(a);
}

/* --- how they end --- */

TEST(swap, swapoff_fails_and_goes_on)
{
	struct test_area *a = area_begin("a", SLOTS, TEST_PRIO);
	struct mm_struct *mm = space_with(8);
	struct swap_area *area;

	REQUIRE(a && mm && all_out(mm, 8));
	area = area_of(a);
	a->no_read = swp_offset(swap_entry_at(mm, PAGE(5)));
	/* of the slot, and that it stays, twice */
	test_allow_warnings(3);
	EXPECT_EQ(swapoff("a"), -EIO);
	EXPECT(area->writable && is_swapped(mm, PAGE(5)));
	EXPECT_EQ(check_swap(tell), 0);
	a->no_read = 0;
	EXPECT(all_out(mm, 5) && peek(PAGE(0)) == 100);
	/* what more than there is was promised for: nothing is tried */
	overcommit.mode = OVERCOMMIT_NEVER;
	atomic_add((s32)totalram_pages, &overcommit.committed);
	EXPECT_EQ(swapoff("a"), -ENOMEM);
	atomic_add(-(s32)totalram_pages, &overcommit.committed);
	overcommit.mode = OVERCOMMIT_GUESS;
	EXPECT(area->writable);
	area_end(a);
	all_are_right(8);
	space_end(mm);
}

/* Of several spaces, shared or not, and what is in the cache only. */
TEST(swap, swapoff_finds_all_entries)
{
	struct test_area *a = area_begin("a", SLOTS, TEST_PRIO);
	struct mm_struct *mm = space_with(6), *child;
	u32 i;

	REQUIRE(a && mm);
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT(all_out(mm, 6) && peek(PAGE(2)) == 102 && poke(PAGE(3), 7));
	area_end(a);
	EXPECT(mm->swap_entries == 0 && child->swap_entries == 0);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(peek(PAGE(i)), i == 3 ? 7 : 100 + i);
	use_mm(child);
	all_are_right(6);
	space_check(child);
	use_mm(mm);
	mmput(child);
	space_end(mm);
}

/* --- disks and files --- */

TEST(swap, a_disk)
{
	struct fake_disk *fake = fake_create();
	struct mm_struct *mm = space_with(8);

	REQUIRE(fake && mm);
	fake->way = FAKE_LATER;
	write_swap_header(fake->data, FAKE_SECTORS / 8 - 1, 0, NULL);
	EXPECT_EQ(swapon_path(NODE, TEST_PRIO), 0);
	EXPECT(all_out(mm, 8));
	all_are_right(8);
	/* the disk's sentence, and the area's */
	fake->bad = 8 * swp_offset((swp_entry_t){
		(u32)page_at(mm, PAGE(6))->private });
	fake->bad_end = fake->bad + 1;
	test_allow_warnings(2);
	EXPECT(poke(PAGE(6), 106) && !swap_out_page(mm, PAGE(6)));
	EXPECT(is_swapped(mm, PAGE(6)));
	EXPECT_EQ(peek(PAGE(6)), 106);
	space_end(mm);
	EXPECT_EQ(swapoff(NODE), 0);
	fake_destroy(fake);
}

/* Who writes to a disk has it alone, or with others who do. */
TEST(swap, a_disk_that_is_written_to)
{
	struct fake_disk *fake = fake_create();
	struct file *file[2] = { NULL }, *reader = NULL;

	REQUIRE(fake);
	fake->way = FAKE_LATER;
	write_swap_header(fake->data, FAKE_SECTORS / 8 - 1, 0, NULL);
	EXPECT_EQ(block_file_add(&fake->bdev), 0);
	EXPECT_EQ(file_open(NODE, O_RDWR, 0, &file[0]), 0);
	EXPECT_EQ(file_open(NODE, O_WRONLY, 0, &file[1]), 0);
	REQUIRE(file[0] && file[1]);
	test_allow_warnings(4);
	EXPECT_EQ(swapon_path(NODE, TEST_PRIO), -EBUSY);
	fput(file[0]);
	EXPECT_EQ(swapon_path(NODE, TEST_PRIO), -EBUSY);
	fput(file[1]);
	EXPECT_EQ(swapon_path(NODE, TEST_PRIO), 0);
	EXPECT_EQ(swapon_path(NODE, TEST_PRIO), -EBUSY);
	EXPECT_EQ(file_open(NODE, O_RDWR, 0, &file[0]), -EBUSY);
	EXPECT_EQ(file_open(NODE, O_RDONLY, 0, &reader), 0);
	if (reader)
		fput(reader);
	EXPECT_EQ(swapoff(NODE), 0);
	/* nor does one that was refused keep it */
	memset(fake->data, 0, PAGE_SIZE);
	EXPECT_EQ(swapon_path(NODE, TEST_PRIO), -EINVAL);
	EXPECT_EQ(file_open(NODE, O_RDWR, 0, &file[0]), 0);
	fput(file[0]);
	EXPECT_EQ(path_unlink(NODE), 0);
	fake_destroy(fake);
}

static struct inode *swap_file(const char *path, u32 pages, u32 hole)
{
	u8 *header = kzalloc(PAGE_SIZE, GFP_KERNEL);
	struct file *file = NULL;
	struct inode *inode;
	u32 i;

	if (!EXPECT(header) ||
	    !EXPECT_EQ(file_open(path, O_RDWR | O_CREAT, 0600, &file), 0))
		return NULL;
	write_swap_header(header, pages - 1, 0, NULL);
	for (i = 0; i < pages; i++)
		if (i != hole)
			EXPECT_EQ(kernel_write(file, (u64)i << PAGE_SHIFT,
					       header, PAGE_SIZE), PAGE_SIZE);
	kfree(header);
	inode = file->f_inode;
	iget(inode);
	fput(file);
	return inode;
}

TEST(swap, a_file)
{
	struct inode *inode = swap_file("/area", 16, ~0U);
	struct mm_struct *mm = space_with(8);

	REQUIRE(inode && mm);
	EXPECT_EQ(swapon_path("/area", TEST_PRIO), 0);
	EXPECT(all_out(mm, 8));
	/* it is kept as it is */
	EXPECT_EQ(inode_truncate(inode, 0), -ETXTBSY);
	EXPECT_EQ(path_unlink("/area"), 0);
	iput(inode);
	all_are_right(8);
	space_end(mm);
	EXPECT_EQ(swapoff("/area"), 0);
}

TEST(swap, a_file_with_a_hole)
{
	struct inode *inode = swap_file("/area", 16, 5);

	REQUIRE(inode);
	test_allow_warnings(2);
	EXPECT_EQ(swapon_path("/area", TEST_PRIO), -EINVAL);
	EXPECT_EQ(swapon_path("/proc", TEST_PRIO), -EINVAL);
	EXPECT_EQ(inode_truncate(inode, 0), 0);
	EXPECT_EQ(path_unlink("/area"), 0);
	iput(inode);
}

/* --- the machine's --- */

/* No cache of a page is left, wherever the machine swaps. */
TEST(swap, the_books_are_right)
{
	EXPECT_EQ(check_swap(tell), 0);
}
