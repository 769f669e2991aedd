/*
 * Disks that tests may write to: whose first sector is a label that says so.
 * tests/machines/disks.py makes them. A disk without it is never written to.
 *
 *	sector		holds
 *	0		the label
 *	64 ..		a block for each kind of page, see test_disk.c
 *	512 ..		what the host wrote (GEN_HOST)
 *	1024 ..		random input and output
 *	9216 ..		the same, with no memory to be had
 *
 * A sector has its own number, a generation, and words that follow from both.
 */
#ifndef TESTS_KERNEL_DISKS_H
#define TESTS_KERNEL_DISKS_H

#include <kernel/block/blkdev.h>
#include <mm/page/page_alloc.h>

#define DISK_MAGIC "swapper test disk: write to me\n"
#define DISK_KINDS_FROM 64
#define DISK_KIND_SECTORS 64
#define DISK_HOST_FROM 512
#define DISK_HOST_SECTORS 256
#define DISK_RANDOM_FROM 1024
#define DISK_RANDOM_SECTORS 8192
#define DISK_STARVED_FROM (DISK_RANDOM_FROM + DISK_RANDOM_SECTORS)
#define GEN_KINDS 1
#define GEN_HOST 7

struct disk_label {
	char magic[32];
	/* sectors that fail, always or the first time; 0: none */
	u32 bad_read, bad_write, once_read, once_write;
	u32 slow;		/* 1: it may not answer for seconds */
};

#define TEST_DISKS_MOST 4

struct test_disk {
	struct block_device *bdev;
	struct disk_label label;
};

/* Those there are: how many. Skips the case if none. May sleep. */
u32 find_test_disks(struct test_disk disks[TEST_DISKS_MOST]);

/* Pieces of pages get, or have, the contents of the sectors from `sector` on.
 * gens: the generation of each. */
void fill_pieces(const struct bio_vec *vec, u32 nr, u32 sector,
		 const u32 *gens);
bool pieces_are(const struct bio_vec *vec, u32 nr, u32 sector,
		const u32 *gens);

/* One bio, waited for: its error; *bio has the rest. */
int disk_io(struct block_device *bdev, u32 rw, u32 sector,
	    const struct bio_vec *vec, u32 nr, struct bio *bio);

#endif
