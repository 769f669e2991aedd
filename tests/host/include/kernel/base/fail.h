/*
 * As cmdline.h here; a program may have no point at all, so that the linker
 * knows of no section: then both ends are NULL.
 */
#ifndef HOST_KERNEL_BASE_FAIL_H
#define HOST_KERNEL_BASE_FAIL_H

#define __fail_points_start __start_fail_points
#define __fail_points_end __stop_fail_points
#include_next <kernel/base/fail.h>

extern struct fail_point __start_fail_points[] __attribute__((weak));
extern struct fail_point __stop_fail_points[] __attribute__((weak));

#undef FAIL_POINT
#define FAIL_POINT(var, name_, changed_)				\
	struct fail_point var						\
	__used __section("fail_points")					\
	__attribute__((no_sanitize("address"))) = {			\
		.name = (name_), .changed = (changed_),			\
	}

#endif
