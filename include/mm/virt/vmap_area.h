/*
 * Areas of kernel addresses: who has which part of a space. The theory stands
 * in mm/virt/vmap_area.c. Knows addresses only: nothing is mapped here.
 *
 * A space is an instance; vmalloc's own is vmalloc_space. Its lock is taken
 * with interrupts off, and is innermost: nothing else is taken under it.
 * Addresses and sizes are bytes, of whole pages.
 */
#ifndef MM_VIRT_VMAP_AREA_H
#define MM_VIRT_VMAP_AREA_H

#include <kernel/cpu/page.h>
#include <kernel/lib/gaptree.h>
#include <kernel/lock.h>

/*
 *	state	in the tree	mapped		may be given out again
 *	used	yes		by its owner	no
 *	going	yes		less and less	no
 *	lazy	yes		no		after a flush of the TLB
 *	flushing yes		no		when that is done
 */
enum vmap_state { VMAP_USED, VMAP_GOING, VMAP_LAZY, VMAP_FLUSHING };

/* Part of its owner's structure; nothing in it is the owner's to change. */
struct vmap_area {
	struct gap_node place;	/* in the tree, and what is free below it */
	u32 start, end;		/* with the guard page, which is the last */
	enum vmap_state state;
	u32 kind;		/* bits of its owner's, before it is inserted */
	struct vmap_area *next_lazy;
};

struct vmap_counts {
	u32 areas, pages;	/* used and going, guard pages too */
	u32 lazy, lazy_pages;
	u32 flushes;		/* since it was made */
};

struct vmap_space {
	u32 start, end;
	spinlock_t lock;	/* all below */
	struct rb_root tree;
	struct vmap_area *highest;	/* NULL: there is no area */
	struct vmap_area *lazy;	/* a stack */
	u32 lazy_most;		/* pages: flush above */
	struct vmap_counts count;
	/* constant */
	void (*flush)(void);	/* the TLB; called without locks */
	/* the structure of an area that is nobody's any more; may be NULL */
	void (*release)(struct vmap_area *area);
};

/*
 * An empty space of [start, end), both on a page, end not 0. Before anybody
 * else knows of it.
 */
void vmap_space_init(struct vmap_space *space, u32 start, u32 end,
		     u32 lazy_most, void (*flush)(void),
		     void (*release)(struct vmap_area *area));

/*
 * Gives the area `size` bytes (rounded up to pages) and a guard page, at the
 * lowest place that fits. align: a power of two; below a page: a page. 0, or
 * -EINVAL (size 0, or align no power of two), or -ENOSPC. May flush; any
 * context in which space->flush and release may be called.
 */
int fastcall vmap_area_insert(struct vmap_space *space, struct vmap_area *area,
			      u32 size, u32 align);

/*
 * The area that begins at addr, and has one of the bits of kind, becomes
 * `going`, and the caller's to take down. NULL: *why not, as half a sentence.
 */
struct vmap_area *fastcall vmap_area_take(struct vmap_space *space, u32 addr,
					  u32 kind, const char **why);

/*
 * A going area, of which nothing is mapped any more, becomes lazy. Its
 * structure is the space's from now on.
 */
void fastcall vmap_area_put(struct vmap_space *space, struct vmap_area *area);

/* Makes lazy areas free, after one flush. 0: there was none. */
u32 vmap_purge(struct vmap_space *space);

/* The area that addr is in (its guard page too), of whatever state; NULL: none.
 * The lock must be held. */
struct vmap_area *vmap_area_find_locked(const struct vmap_space *space,
					u32 addr);

/* The first used area that begins at addr or above; NULL: none. The lock must
 * be held. */
struct vmap_area *vmap_area_next_locked(const struct vmap_space *space,
					u32 addr);

struct vmap_counts vmap_counts(struct vmap_space *space);

/* The largest piece in bytes that could be given out without a flush, with the
 * guard page of it. */
u32 vmap_largest_gap(struct vmap_space *space);

#endif
