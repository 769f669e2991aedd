/*
 * Nodes of the trees of address_spaces. ULK3 section 15.1.2.
 *
 * An insertion happens under tree_lock, where nothing can be waited for. So
 * whoever inserts sees to it before that there are as many nodes as it may
 * take:
 *
 *	err = radix_tree_preload(gfp);		may sleep if gfp may
 *	if (err)
 *		return err;
 *	spin_lock_irq(&mapping->tree_lock);
 *	radix_tree_insert(...);			does not lack a node
 *	spin_unlock_irq(&mapping->tree_lock);
 *	radix_tree_preload_end();
 *
 * Between the two the CPU is kept. From threads; no handler inserts.
 */
#ifndef MM_CACHE_RADIX_NODES_H
#define MM_CACHE_RADIX_NODES_H

#include <kernel/lib/radix_tree.h>
#include <mm/page/gfp.h>

/* For a tree whose lock is held with interrupts off. get() gives what was
 * preloaded, and nothing else. */
extern const struct radix_tree_memory page_tree_memory;

/* 0; -ENOMEM, and the CPU is not kept. */
int radix_tree_preload(gfp_t gfp);
void radix_tree_preload_end(void);

/* What CPUs keep goes back to the cache: how many. Any context. */
u32 radix_nodes_drain(void);

void radix_nodes_init(void);

#endif
