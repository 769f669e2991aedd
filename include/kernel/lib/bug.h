/*
 * BUG_ON(): a state that cannot be, with a sentence that says which.
 *
 * The lowest layer cannot print. It calls bug_hook, which the panic code
 * registers (and which a host build points at its own abort). Without a hook
 * the machine stops in a loop.
 *
 * Any context, interrupts too. Never for bad input: that is an error to return.
 */
#ifndef KERNEL_LIB_BUG_H
#define KERNEL_LIB_BUG_H

#include <kernel/lib/compiler.h>

struct bug_site {
	const char *file;
	int line;
	const char *sentence;
};

extern void (*bug_hook)(const struct bug_site *site);

__noreturn void bug(const struct bug_site *site);

#define BUG(sentence_) do {						\
	static const struct bug_site site_ = {				\
		.file = __FILE__, .line = __LINE__,			\
		.sentence = (sentence_),				\
	};								\
	bug(&site_);							\
} while (0)

#define BUG_ON(cond, sentence_) do {					\
	if (unlikely(cond))						\
		BUG(sentence_);						\
} while (0)

#endif
