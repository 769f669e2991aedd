/*
 * A sentence on each thing that a checker finds to differ. Any context; the
 * sentence is cut after DIFFERS_SIZE - 1 characters.
 */
#ifndef KERNEL_LIB_DIFFERS_H
#define KERNEL_LIB_DIFFERS_H

#include <kernel/lib/compiler.h>

#define DIFFERS_SIZE 128	/* guessed: a line and a half */

/* Gives report the sentence and counts it. report NULL: only counts. */
__format_printf(3, 4)
void say_differs(void (*report)(const char *sentence), unsigned int *count,
		 const char *fmt, ...);

#endif
