/*
 * "SECONDS[,SEED]" of options, "SECONDS [SEED]" of commands: how long something
 * goes on, and where its random numbers begin.
 */
#ifndef TESTS_KERNEL_DURATION_H
#define TESTS_KERNEL_DURATION_H

#include <kernel/lib/types.h>

struct duration {
	u32 seconds, seed;
};

/* 0, -EINVAL, or -ERANGE: nothing, or more than a million seconds. */
int duration_of_option(const char *value, struct duration *d);
int duration_of_command(int argc, char **argv, struct duration *d);

#endif
