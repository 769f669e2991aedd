/*
 * What the libFuzzer targets share: reading an input as numbers, and the
 * invariants of a memory map.
 */
#ifndef TESTS_HOST_FUZZ_H
#define TESTS_HOST_FUZZ_H

#include "host.h"
#include <mm/early/e820.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes that are not there are 0. */
struct input {
	const u8 *at, *end;
};

static inline u8 input_byte(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/*
 * A number where numbers are interesting: 16 bits anywhere in 64, from the
 * bottom up or from 2^64 down. Three bytes of input.
 */
u64 input_number(struct input *in);

/* The map is as e820_sanitize() leaves it, and agrees with itself. */
void map_must_be_sane(const struct e820_map *map);

#endif
