/*
 * Numbers in text, as a command line writes them. Pure; any context.
 *
 * Each returns 0 and stores the value and, if end is not NULL, where the number
 * ended; or -EINVAL (no digit there) or -ERANGE (more than 64 bits), and stores
 * nothing. Digits: decimal, 0x hexadecimal, 0 octal.
 */
#ifndef KERNEL_LIB_PARSE_H
#define KERNEL_LIB_PARSE_H

#include <kernel/lib/types.h>

int parse_u64(const char *s, const char **end, u64 *out);

/* A number and an optional K, M, G or T, in either case: bytes. */
int parse_size(const char *s, const char **end, u64 *out);

/* Hexadecimal with or without 0x, to the end of the text. */
int parse_hex(const char *s, u64 *out);

#endif
