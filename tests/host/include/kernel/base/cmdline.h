/*
 * A section whose name is a C identifier: the linker then gives it begin and
 * end (the Makefile hands them on), and ASan puts no gaps between its entries.
 */
#ifndef HOST_KERNEL_BASE_CMDLINE_H
#define HOST_KERNEL_BASE_CMDLINE_H

#include_next <kernel/base/cmdline.h>

#undef KERNEL_PARAM
#define KERNEL_PARAM(id, name_, set_, flags_, form_, help_)		\
	static const struct kernel_param param_##id			\
	__used __section("kernel_params")				\
	__attribute__((no_sanitize("address"))) = {			\
		.name = (name_), .set = (set_), .flags = (flags_),	\
		.form = (form_), .help = (help_),			\
	}

#endif
