/*
 * Areas of addresses from first principles. DESIGN section 7.
 * Takes the space's lock, with interrupts off; any context.
 */
#ifndef MM_VIRT_VMAP_CHECK_H
#define MM_VIRT_VMAP_CHECK_H

#include <mm/table/pgtable.h>
#include <mm/virt/vmap_area.h>

/*
 * The tree, its gaps and counters. With pt, also what is mapped: every mapped
 * page belongs to an area in use, and guard pages are not mapped. Each
 * difference is a sentence to report; returns how many there are.
 */
unsigned int check_vmap_space(struct vmap_space *space,
			      const struct pgtable *pt,
			      void (*report)(const char *sentence));

#endif
