/*
 * Failures on purpose: a place that can fail asks here whether it shall.
 *
 *	FAIL_POINT(fail_page, "page", update_debugging);
 *	...
 *	if (fail_now(&fail_page))
 *		return NULL;
 *
 * Which requests fail is said by a test (fail_nth), at the prompt (`fail`) or
 * on the command line; the latter is counted from fail_arm() on, so that what
 * boots the kernel never fails. A request that must not fail (__GFP_NOFAIL)
 * does not ask. Any context; nothing sleeps.
 *
 *	text  = POINT "," how { "," more }
 *	how   = "nth=" N | "interval=" N | "probability=" PERCENT
 *	more  = "seed=" N | "times=" N
 *
 *	nth		the N-th request from now, and if times= is more than
 *			1 those behind it
 *	interval	one of each N: the last, or with seed= one at random
 *	probability	each with so many percent (1 to 100)
 *	seed		repeats the same choice; 1 if not given
 *	times		so often and then never again: 1 for nth=, else without
 *			end
 */
#ifndef KERNEL_BASE_FAIL_H
#define KERNEL_BASE_FAIL_H

#include <kernel/lib/compiler.h>

enum fail_how { FAIL_OFF, FAIL_NTH, FAIL_INTERVAL, FAIL_PROBABILITY };

struct fail_plan {
	enum fail_how how;
	u32 n;			/* N or PERCENT */
	u32 times;		/* 0: without end */
	u32 seed;
	bool seeded;		/* seed= was given */
};

struct fail_point {
	const char *name;
	/* The point became active or inactive, as the member says; or NULL. */
	void (*changed)(void);
	bool active;		/* else nobody needs to ask */
	struct fail_plan plan;	/* what stands in force */
	struct fail_plan boot;	/* what the command line wants */
	u32 left;		/* failures to come; meaningless without end */
	u32 place;		/* of the next request in its interval */
	u32 pick;		/* the place that fails */
	u32 random;
	u32 asked;		/* requests since the plan was made */
	u32 injected;		/* failures since the start */
};

#define FAIL_POINT(var, name_, changed_)				\
	struct fail_point var						\
	__used __section(".fail_points") __aligned(4) = {		\
		.name = (name_), .changed = (changed_),			\
	}

extern struct fail_point __fail_points_start[], __fail_points_end[];

/* Shall this request fail? Then it is counted as a failure. */
bool fail_now(struct fail_point *point);

/* The n-th request from now fails, once; 0: none. */
void fail_nth(struct fail_point *point, u32 n);

/* From now on. A plan that is off ends it. */
void fail_set(struct fail_point *point, const struct fail_plan *plan);
void fail_all_off(void);

/* NULL if there is none of that name. */
struct fail_point *fail_find(const char *name, size_t len);

/* The text above; -EINVAL, and nothing is stored. */
int fail_parse(const char *text, struct fail_point **point,
	       struct fail_plan *plan);

#define FAIL_TEXT 64
/* "nth=3,times=2" or "off" into buf of FAIL_TEXT bytes; returns buf. */
const char *fail_text(const struct fail_plan *plan, char *buf);

/* The kernel is up: what the command line wants begins. Once. */
void fail_arm(void);

#endif
