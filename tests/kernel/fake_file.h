/*
 * A file for tests: its bytes are computed from where they are, and it is read
 * as the case wants: at once, by a timer, or not at all.
 *
 * Word w of page i is fake_word(i, w); of the first FAKE_KEPT pages: until they
 * are written out, which is later if reading is.
 */
#ifndef TESTS_KERNEL_FAKE_FILE_H
#define TESTS_KERNEL_FAKE_FILE_H

#include <kernel/cpu/timer.h>
#include <mm/cache/pagemap.h>
#include "ktest.h"

#define FAKE_TIMERS 16U		/* so much is under way, more waits */
#define FAKE_KEPT 8U
#define FAKE_RUNS 64U

enum fake_reads {
	FAKE_AT_ONCE,
	FAKE_LATER,		/* from a timer, a tick or two later */
	FAKE_ERROR,		/* PG_error, at once */
	FAKE_ERROR_LATER,
	FAKE_REFUSED,		/* readpage() gives -EIO */
	FAKE_NO_MEMORY,		/* -ENOMEM; writepage(), too */
};

struct fake_file {
	struct address_space mapping;
	struct file_ra_state ra;
	enum fake_reads how;
	bool writes_fail;
	u32 delay;		/* ticks of what is done later: 2 */
	u32 reads, writes;	/* how often it was asked: pages */
	u32 nr_runs;		/* what readpages() was given */
	struct page_run runs[FAKE_RUNS];
	u8 *kept;		/* FAKE_KEPT pages */
	struct fake_io {
		struct fake_file *fake;
		struct timer_list timer;
		struct page *page;	/* NULL: nothing */
		bool write;
	} io[FAKE_TIMERS];
};

/* False, and a failed case: no memory. */
bool fake_init(struct fake_file *fake, enum fake_reads how);

/* The same, and it is read ahead. */
bool fake_init_ahead(struct fake_file *fake, enum fake_reads how);

/* Without writepage(): what is dirty stays so. */
bool fake_init_memory(struct fake_file *fake);

/* All its pages go; the case fails if it is not sound, or some stay. */
void fake_end(struct fake_file *fake);

u32 fake_word(u32 index, u32 word);

/* Does the page have the bytes of page i, whole? */
bool fake_holds(struct page *page, u32 index);

/* Differences that are found in the address_space, each printed. */
u32 fake_check(struct fake_file *fake);

/* --- the kernel's memory as source and sink --- */

struct memory_sink {
	struct page_sink sink;
	u8 *at;
	u32 left;		/* more is not taken */
};

struct memory_source {
	struct page_source source;
	const u8 *at;
	u32 left;		/* more is not to be had */
	u32 most;		/* at once; 0: as much as is wanted */
	u32 refuse;		/* so often it gives nothing, though ready */
	u32 asked;		/* ready() */
};

/* mapping_read() and mapping_write() of a buffer. */
long fake_read(struct fake_file *fake, u64 pos, void *to, u32 n, u64 size);
long fake_write(struct fake_file *fake, u64 pos, const void *from, u32 n,
		u64 size);
void memory_source_init(struct memory_source *s, const void *from, u32 n);

#endif
