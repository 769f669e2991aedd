/* What only the first moments after boot can show: noted before any test. */
#ifndef TESTS_KERNEL_AT_BOOT_H
#define TESTS_KERNEL_AT_BOOT_H

#include <kernel/lib/types.h>

struct at_boot {
	bool noted;
	u32 init_frames;	/* of the init sections */
	u32 init_free;		/* of them: free */
	u32 init_as_filled;	/* of those: as they must be filled */
	u32 init_unmapped;	/* or not mapped */
};

extern struct at_boot at_boot;

#endif
