/*
 * A disk as a file; without an argument an own file takes its place.
 *
 *	disk [PATH [bad | cut]]
 *
 * tests/machines/disks.py makes the disk, and looks at what has been written:
 * each sector has its number, a generation, and words that follow from both.
 * "bad": it has sectors that cannot be had. "cut": it writes and writes, and says
 * when the power may go.
 */
#include "user.h"

#define SECTOR 512U
#define OWN_SECTORS 32768U		/* of its own file: 16 MB */
#define HOST_FROM 512U			/* what the host wrote */
#define HOST_SECTORS 256U
#define BAD_READ 20004U
#define BAD_WRITE 20104U

#define BLKFLSBUF 0x1261
#define MS_SYNC 4
#define SAFE_FROM 4096U			/* what is there before the cut */
#define SAFE_SECTORS 2048U
#define SAFE_MAPPED 6144U
#define BUSY_FROM 8192U			/* what is on its way then */
#define BUSY_SECTORS 23552U		/* 11.5 MB: more than stays dirty */

enum { GEN_HOST = 7, GEN_PIECES = 21, GEN_MAPPED, GEN_LAST, GEN_CLOSED,
       GEN_SYNCED, GEN_MSYNCED, GEN_SAFE = 31, GEN_BUSY };

static const char *path;
static int fd;
static u32 sectors;			/* there are */
static u8 buf[64 * SECTOR], other[64 * SECTOR];

static void fill(u8 *to, u32 sector, u32 n, u32 gen)
{
	u32 i, *word = (u32 *)to;

	for (; n; n--, sector++, word += 128) {
		for (i = 0; i < 128; i++)
			word[i] = (sector * 0x9e3779b1U ^ gen * 0x85ebca6bU) +
				  i * 0xc2b2ae35U;
		word[0] = sector;
		word[1] = gen;
	}
}

static int is_filled(u32 sector, u32 n, u32 gen)
{
	u32 i;

	memset(other, 0, n * SECTOR);
	fill(buf, sector, n, gen);
	if (sys(SYS_pread64, fd, other, n * SECTOR, sector * SECTOR, 0) !=
	    (long)(n * SECTOR))
		return 0;
	for (i = 0; i < n * SECTOR; i++)
		if (buf[i] != other[i])
			return 0;
	return 1;
}

static int is_disk(void)
{
	struct stat64 stat;

	sys(SYS_fstat64, fd, &stat);
	return (stat.mode & 0170000) == 0060000;
}

CASE(what_the_host_wrote)
{
	u32 at;

	if (!is_disk())
		return;
	for (at = HOST_FROM; at < HOST_FROM + HOST_SECTORS; at += 64)
		CHECK(is_filled(at, 64, GEN_HOST));
}

/* Of no whole sectors, over the borders of pages. */
CASE(in_pieces)
{
	u32 at, n;

	fill(buf, 1024, 64, GEN_PIECES);
	for (at = 0; at < 64 * SECTOR; at += n) {
		n = 1 + random_below(5000);
		n = n < 64 * SECTOR - at ? n : 64 * SECTOR - at;
		CHECK_EQ(sys(SYS_pwrite64, fd, buf + at, n,
			     1024 * SECTOR + at, 0), n);
	}
	CHECK(is_filled(1024, 64, GEN_PIECES));
	CHECK_EQ(sys(SYS_fsync, fd), 0);
}

CASE(through_a_mapping)
{
	u8 *p = (u8 *)sys(SYS_mmap2, NULL, 64 * SECTOR, RW, MAP_SHARED, fd,
			  2048 * SECTOR / PAGE);

	CHECK(!is_error(p));
	fill(p, 2048, 64, GEN_MAPPED);
	CHECK(is_filled(2048, 64, GEN_MAPPED));
	CHECK_EQ(sys(SYS_munmap, p, 64 * SECTOR), 0);
	CHECK_EQ(sys(SYS_fsync, fd), 0);
}

CASE(at_the_end)
{
	u32 end = sectors * SECTOR;

	CHECK_EQ(sys(SYS_pread64, fd, other, SECTOR, end, 0), 0);
	if (!is_disk())
		return;
	fill(buf, sectors - 1, 2, GEN_LAST);
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, 2 * SECTOR, end - SECTOR, 0),
		 SECTOR);
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, SECTOR, end, 0), -ENOSPC);
	CHECK_EQ(sys(SYS_pread64, fd, other, 2 * SECTOR, end - SECTOR, 0),
		 SECTOR);
	CHECK_EQ(sys(SYS_ftruncate64, fd, 0, 0), -EINVAL);
}

/* Nobody asks for it: the close of the last that writes does it. */
CASE(by_its_close)
{
	fill(buf, 2400, 5, GEN_CLOSED);
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, 5 * SECTOR, 2400 * SECTOR, 0),
		 5 * SECTOR);
	CHECK_EQ(sys(SYS_close, fd), 0);
	fd = sys(SYS_open, path, O_RDONLY, 0);
	CHECK(is_filled(2400, 5, GEN_CLOSED));
}

/* What is written is on the disk, not only here: it is read again from there. */
CASE(by_sync)
{
	fill(buf, 2500, 8, GEN_SYNCED);
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, 8 * SECTOR, 2500 * SECTOR, 0),
		 8 * SECTOR);
	if (!is_disk())
		return;
	CHECK_EQ(sys(SYS_sync), 0);
	CHECK_EQ(sys(SYS_ioctl, fd, BLKFLSBUF, 0), 0);
	CHECK(is_filled(2500, 8, GEN_SYNCED));
}

/* Shown until the program ends: that is not what writes it. */
CASE(by_msync)
{
	u8 *p = (u8 *)sys(SYS_mmap2, NULL, 64 * SECTOR, RW, MAP_SHARED, fd,
			  2560 * SECTOR / PAGE);

	CHECK(!is_error(p));
	fill(p, 2560, 64, GEN_MSYNCED);
	CHECK_EQ(sys(SYS_msync, p, 64 * SECTOR, MS_SYNC), 0);
	if (is_disk())
		CHECK_EQ(sys(SYS_ioctl, fd, BLKFLSBUF, 0), 0);
	CHECK(is_filled(2560, 64, GEN_MSYNCED));
}

/* --- a bad one --- */

static void write_bad(void)
{
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, SECTOR, BAD_WRITE * SECTOR, 0),
		 SECTOR);
}

/* However the page was written, who asks next is told, and nobody else. */
CASE(errors_are_told_once)
{
	u8 *p = (u8 *)sys(SYS_mmap2, NULL, PAGE, RW, MAP_SHARED, fd,
			  BAD_WRITE * SECTOR / PAGE);

	CHECK(!is_error(p));
	*p = 1;
	CHECK_EQ(sys(SYS_msync, p, PAGE, MS_SYNC), -EIO);
	CHECK_EQ(sys(SYS_msync, p, PAGE, MS_SYNC), 0);
	CHECK_EQ(sys(SYS_fsync, fd), 0);
	/* behind the back of who wrote */
	write_bad();
	CHECK_EQ(sys(SYS_sync), 0);
	CHECK_EQ(sys(SYS_fsync, fd), -EIO);
	CHECK_EQ(sys(SYS_fsync, fd), 0);
	CHECK_EQ(sys(SYS_munmap, p, PAGE), 0);
	/* who closes it does not ask */
	write_bad();
	CHECK_EQ(sys(SYS_close, fd), 0);
	fd = sys(SYS_open, path, O_RDWR, 0);
	CHECK_EQ(sys(SYS_fsync, fd), -EIO);
	CHECK_EQ(sys(SYS_fsync, fd), 0);
}

CASE(sectors_that_cannot_be_had)
{
	CHECK_EQ(sys(SYS_pread64, fd, buf, SECTOR, BAD_READ * SECTOR, 0), -EIO);
	CHECK_EQ(sys(SYS_pread64, fd, buf, SECTOR, (BAD_READ + 8) * SECTOR, 0),
		 SECTOR);
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, SECTOR, BAD_WRITE * SECTOR, 0),
		 SECTOR);
	CHECK_EQ(sys(SYS_fsync, fd), -EIO);
	CHECK_EQ(sys(SYS_fsync, fd), 0);
}

/* --- the power goes --- */

static void write_sectors(u32 first, u32 n, u32 gen)
{
	u32 at;

	for (at = first; at < first + n; at += 64) {
		fill(buf, at, 64, gen);
		CHECK_EQ(sys(SYS_pwrite64, fd, buf, 64 * SECTOR, at * SECTOR,
			     0), 64 * SECTOR);
	}
}

/* Never ends: the runner looks at the output, and switches off. */
static void write_for_ever(void)
{
	u8 *p = (u8 *)sys(SYS_mmap2, NULL, 64 * SECTOR, RW, MAP_SHARED, fd,
			  SAFE_MAPPED * SECTOR / PAGE);
	u32 round;

	write_sectors(SAFE_FROM, SAFE_SECTORS, GEN_SAFE);
	CHECK_EQ(sys(SYS_fsync, fd), 0);
	fill(p, SAFE_MAPPED, 64, GEN_SAFE);
	CHECK_EQ(sys(SYS_msync, p, 64 * SECTOR, MS_SYNC), 0);
	for (round = 0; !failures; round++) {
		print("disk: in round %u the power may go\n", round);
		write_sectors(BUSY_FROM, BUSY_SECTORS, GEN_BUSY + round);
	}
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case good[] = {
		LIST(what_the_host_wrote), LIST(in_pieces),
		LIST(through_a_mapping), LIST(at_the_end), LIST(by_sync),
		LIST(by_msync), LIST(by_its_close),
	};
	static const struct user_case bad[] = {
		LIST(sectors_that_cannot_be_had), LIST(errors_are_told_once),
	};
	int status;

	(void)envp;
	path = argc > 1 ? argv[1] : "disk.image";
	fd = sys(SYS_open, path, argc > 1 ? O_RDWR : O_RDWR | O_CREAT, 0600);
	if (argc == 1)
		sys(SYS_ftruncate64, fd, OWN_SECTORS * SECTOR, 0);
	sectors = (u32)sys(SYS_lseek, fd, 0, SEEK_END) / SECTOR;
	if (argc > 2 && same(argv[2], "cut"))
		write_for_ever();
	if (argc > 2)
		status = run_cases(bad, sizeof(bad) / sizeof(bad[0]));
	else
		status = run_cases(good, sizeof(good) / sizeof(good[0]));
	sys(SYS_close, fd);
	if (argc == 1)
		sys(SYS_unlink, path);
	return status;
}
