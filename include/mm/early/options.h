/*
 * The options on the command line that change the map of RAM:
 *
 *	mem=SIZE		no RAM at and above SIZE; 1M <= SIZE < 64G
 *	mem=nopentium		no large pages (PSE)
 *	memmap=exactmap		forget the firmware's map
 *	memmap=SIZE@ADDR	RAM
 *	memmap=SIZE#ADDR	ACPI data
 *	memmap=SIZE$ADDR	reserved (in grub.cfg write \$)
 *
 * memmap= takes several with commas, and may be repeated. They are applied in
 * one order, however they were written: exactmap, the memmap ranges, mem=SIZE.
 * A range is one more claim on its bytes: the highest type number wins, so
 * nothing becomes RAM that the firmware reserved - exactmap does that.
 *
 * Boot only: no locks, no interrupts, nothing here sleeps.
 */
#ifndef MM_EARLY_OPTIONS_H
#define MM_EARLY_OPTIONS_H

#include <mm/early/e820.h>

#define MEMMAP_MAX 32	/* guessed: a firmware's whole map has 10 to 30 */

/* The handlers run before memory is set up: they record, and that is all. */
struct memory_options {
	u64 mem;		/* bytes; 0: not given */
	bool nopentium;
	bool exactmap;
	bool log;		/* pr_info() what applying does */
	unsigned int nr;
	struct e820_entry entry[MEMMAP_MAX];
	u64 cut_start, cut_end;	/* the largest piece that mem= took out */
};

/*
 * Applies what the command line asked for to a sanitized map, and logs each
 * change: what was asked, what it did to the amount of RAM. exactmap without
 * a single SIZE@ADDR would leave no RAM: that is reported and ignored.
 */
void e820_apply_options(struct e820_map *map);

/* The largest piece of RAM that mem= took out: [*start, *end). False: none. */
bool mem_option_cut_off(u64 *start, u64 *end);

/* mem=nopentium was given: do not use PSE. */
bool mem_option_nopentium(void);

/*
 * What stands behind them, for an instance: one value of mem= or memmap=. 0, or
 * it is refused, and nothing of it is recorded: -EINVAL malformed, or of size
 * 0; -ERANGE out of bounds, or past 2^64; -EEXIST a second mem=SIZE; -ENOSPC
 * more than MEMMAP_MAX ranges.
 */
int memory_options_mem(struct memory_options *options, const char *value);
int memory_options_memmap(struct memory_options *options, const char *value);

/*
 * 0; -EINVAL if exactmap was ignored (the rest is applied); -ENOSPC if the map
 * had no place for all (RAM is lost, as e820_sanitize() says).
 */
int memory_options_apply(struct memory_options *options,
			 struct e820_map *map);

#endif
