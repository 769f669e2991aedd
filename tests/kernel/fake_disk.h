/*
 * A disk for tests of kernel/block: its memory is the test's, and it answers
 * when and how the test wants. What it is given it judges: limits, and the
 * order of what comes.
 */
#ifndef TESTS_KERNEL_FAKE_DISK_H
#define TESTS_KERNEL_FAKE_DISK_H

#include <kernel/block/queue.h>
#include "ktest.h"

#define FAKE_SECTORS 512U
#define FAKE_LOG 256U

enum fake_way {
	FAKE_HOLD,		/* when the test calls fake_answer() */
	FAKE_NOW,		/* within start() */
	FAKE_LATER,		/* by a timer, at the next tick */
	FAKE_DEAF,		/* never */
	FAKE_VANISH,		/* calls blk_device_gone() within start() */
};

struct fake_disk {
	struct block_device bdev;
	u8 *data;			/* FAKE_SECTORS */
	enum fake_way way;
	struct request *rq;		/* in flight */
	struct timer_list timer;

	/* what goes wrong */
	u32 bad, bad_end;		/* sectors that cannot be had */
	enum blk_cause cause;
	u32 fails;			/* so many tries, whatever they want */
	u32 deaf;			/* so many tries get no answer */
	bool waits;			/* for another device: fake_begins() */
	u32 began;			/* jiffies */
	bool tells_done;		/* reports what was transferred */
	int reset_result;

	u32 resets, violations;
	u32 nr_log;
	struct {
		u32 rw, sector, sectors, segments;
	} log[FAKE_LOG];		/* what start() was given */
};

/* "fake0", with wide limits, that holds. NULL (and a failed case): no memory.
 * Each sector's bytes are its number. */
struct fake_disk *fake_create(void);
void fake_destroy(struct fake_disk *fake);

/* Ends what is in flight; false: nothing is. */
bool fake_answer(struct fake_disk *fake);

/* What it waited for has ended: the request in flight is at the device. */
void fake_begins(struct fake_disk *fake);

/* Answers until nothing is in flight; softirqs have run. */
void fake_answer_all(struct fake_disk *fake);

/* --- bios for it --- */

#define IO_PIECES 64U

struct io {
	struct bio bio;
	struct bio_vec vec[IO_PIECES];
	volatile bool ended;
	u32 order;		/* which end it was */
};

/* How many have ended since fake_case_begin(). */
extern u32 io_ends;

/* n sectors from there on, whose data begins at `offset` bytes (of a sector's
 * multiple) into pages that follow each other. */
void io_init(struct io *io, struct block_device *bdev, u32 rw, u32 sector,
	     u32 n, struct page *pages, u32 offset);

/* io_init(), and off. */
void io_send(struct io *io, struct block_device *bdev, u32 rw, u32 sector,
	     u32 n, struct page *pages, u32 offset);

/* Until it has ended; false: not within some seconds. */
bool io_wait(struct io *io);

/* --- a case's disk, bios and memory: one that ends early frees it all --- */

#define FAKE_IOS 8U

struct fake_case {
	struct fake_disk *fake;
	struct io *io;			/* FAKE_IOS */
	struct page *pages;		/* 2^order that follow each other, 0s */
	unsigned int order;
};

/* False (and a failed case): no memory. fake_case_end() is due either way. */
bool fake_case_begin(struct fake_case *c, unsigned int order);
void fake_case_end(struct fake_case *c);

#endif
