/*
 * Archives: names and bytes come out as they were put in, and each way of being
 * broken has its sentence. Runs on the host as well.
 */
#include <kernel/lib/cpio.h>
#include <kernel/lib/errno.h>
#include "ktest.h"

#define NUMBERS "00000001000081A400000000000000000000000165000000"
#define PLACES "00000000000000000000000000000000"

/* name and its zero: 6 bytes; data: 5; two entries and the last */
static const char good[] =
	"070701" NUMBERS "00000005" PLACES "00000006" "00000000"
	"a.txt\0" "hello\0\0\0"
	"070701" NUMBERS "00000000" PLACES "0000000c" "00000000"
	"empty/thing\0\0\0"
	"070701" NUMBERS "00000000" PLACES "0000000B" "00000000"
	"TRAILER!!!\0\0\0\0" "behind it";

#define SECOND_AT 124

static char copy[sizeof(good)];
static struct cpio archive;
static struct cpio_entry entry;

static void open_copy(u32 size)
{
	memcpy(copy, good, sizeof(good));
	cpio_open(&archive, copy, size);
}

TEST(cpio, entries_in_their_order)
{
	open_copy(sizeof(copy));
	REQUIRE(cpio_next(&archive, &entry) == 1);
	EXPECT_STREQ(entry.name, "a.txt");
	EXPECT_EQ(entry.mode, 0100644);
	EXPECT_EQ(entry.mode & CPIO_IFMT, CPIO_IFREG);
	EXPECT_EQ(entry.size, 5);
	EXPECT(!memcmp(entry.data, "hello", 5));
	REQUIRE(cpio_next(&archive, &entry) == 1);
	EXPECT_STREQ(entry.name, "empty/thing");
	EXPECT_EQ(entry.size, 0);
	EXPECT_EQ(cpio_next(&archive, &entry), 0);
	EXPECT_EQ(cpio_next(&archive, &entry), 0);
	EXPECT(!archive.wrong);
}

/* The first entry with one byte changed, and what is said of it. */
static void expect_broken(u32 at, char c, const char *sentence)
{
	open_copy(sizeof(copy));
	copy[at] = c;
	EXPECT_EQ(cpio_next(&archive, &entry), -EINVAL);
	EXPECT_STREQ(archive.wrong, sentence);
	copy[at] = good[at];
	EXPECT_EQ(cpio_next(&archive, &entry), -EINVAL);
}

TEST(cpio, broken_entries)
{
	expect_broken(0, '1', "an entry has no header of the format newc");
	expect_broken(5, '2', "an entry has no header of the format newc");
	expect_broken(6, 'g', "a number in it is none");
	expect_broken(109, '/', "a number in it is none");
	expect_broken(13, ' ', "a number in it is none");
	expect_broken(54, 'f', "an entry ends behind it");
	expect_broken(59, '4', "an entry ends behind it");
	expect_broken(94, 'F', "an entry ends behind it");
	expect_broken(101, '1', "a name in it is none");
	expect_broken(101, '0', "a name in it is none");
	expect_broken(101, '5', "a name in it is none");
	expect_broken(101, '7', "a name in it is none");
	expect_broken(112, 0, "a name in it is none");
}

TEST(cpio, cut_anywhere)
{
	u32 size, whole = sizeof(good) - 10;
	int n;

	for (size = 0; size < whole; size++) {
		open_copy(size);
		while ((n = cpio_next(&archive, &entry)) == 1)
			EXPECT(entry.data + entry.size <=
			       (const u8 *)copy + size);
		EXPECT_EQ(n, -EINVAL);
		EXPECT(archive.wrong);
	}
	open_copy(whole);
	EXPECT_EQ(cpio_next(&archive, &entry), 1);
	EXPECT_EQ(cpio_next(&archive, &entry), 1);
	EXPECT_EQ(cpio_next(&archive, &entry), 0);
}

/* A broken second entry does not spoil the first. */
TEST(cpio, broken_later)
{
	open_copy(sizeof(copy));
	copy[SECOND_AT] = 'x';
	EXPECT_EQ(cpio_next(&archive, &entry), 1);
	EXPECT_EQ(cpio_next(&archive, &entry), -EINVAL);
}
