/*
 * A machine to boot the page allocator on: physical memory in the arena,
 * memblock as boot leaves it. Once a process: see host_in_child().
 */
#ifndef TESTS_HOST_BOOT_H
#define TESTS_HOST_BOOT_H

#include "host.h"
#include <mm/page/check.h>
#include <mm/page/init.h>
#include <mm/page/internal.h>

#define HOST_RANGES 24

struct host_range {
	u64 base, size;
	const char *owner;	/* of what is taken */
};

struct host_machine {
	u32 lowmem;			/* bytes of the direct map */
	struct host_range ram[HOST_RANGES], taken[HOST_RANGES];
	unsigned int nodes;		/* fake ones; 0: as numa says */
	struct numa_info numa;
	u32 debug;			/* debug_options */
};

#define HOST_MB ((u64)1 << 20)

/* Where the Makefile puts the image: [1 MB, 2 MB) is the kernel's. */
#define HOST_IMAGE HOST_MB
#define HOST_IMAGE_SIZE HOST_MB

/* Everything up to page_alloc_init(); that; both. */
void host_boot_memory(const struct host_machine *m);
void host_boot_pages(const struct host_machine *m);
void host_boot(const struct host_machine *m);

/* 32 MB from 0, one node; `high` MB more that are not mapped. */
void host_simple_machine(struct host_machine *m, u32 high_mb);

/* check_nodes() of the machine; dies of the first difference. */
void host_boot_check(void);

#endif
