/*
 * Areas of kernel addresses. ULK3 section 8.3.
 *
 * 1. All areas of a space stand in one tree by address that knows the gaps
 *    between them (gaptree.h). The gap above the highest area belongs to no
 *    area: it is computed, also when there is none at all, so that an empty
 *    space has its end, too.
 *
 * 2. First fit: the new area goes to the bottom of the lowest gap that is large
 *    enough. If no gap between areas fits, it goes above the highest one: no
 *    search, and no maximum changes.
 *
 * 3. Alignment above a page. A gap of size + align - 1 page fits wherever it
 *    begins: the lowest of these is found the same way, else the end is looked
 *    at. Only if that does not fit, each gap of at least the size is looked at,
 *    from the lowest up.
 *
 * 4. Guard pages. An area is one page larger than was asked for. The page is
 *    never mapped: what runs off the end faults.
 *
 * 5. Lazy flushing. An area that was unmapped may still be in some TLB. To
 *    flush for each would cost more than all else, so freed areas stay in the
 *    tree, lazy, until there are lazy_most pages of them, or until no gap is
 *    large enough. Then one flush, and all of them are taken out. An address
 *    is never given out again before a flush that came after its unmapping:
 *    the areas are taken off the list before the flush, and out of the tree
 *    after it.
 *
 *    Lazy areas that touch become one, so they are few, whatever was freed.
 *    Those whose flush is under way are not merged with.
 *
 * 6. Invariants (vmap_check.c recomputes them): areas do not overlap and lie
 *    within the space; gap is the distance to the area below; max_gap is the
 *    largest of the subtree; counts are what the tree has; the list of lazy
 *    areas has those that are lazy.
 *
 * Lock: space->lock, innermost. Cost: a search of 2 * log2(areas) steps for
 * each of insert, take and, once flushed, erase.
 */
#include <kernel/lib/bug.h>
#include <kernel/lib/errno.h>
#include <mm/virt/vmap_area.h>

static struct vmap_area *area_of(struct rb_node *node)
{
	return rb_entry(node, struct vmap_area, place.node);
}

void vmap_space_init(struct vmap_space *space, u32 start, u32 end,
		     u32 lazy_most, void (*flush)(void),
		     void (*release)(struct vmap_area *area))
{
	BUG_ON(start >= end || (start | end) & (PAGE_SIZE - 1),
	       "a space of addresses that is empty or no pages");
	*space = (struct vmap_space){
		.lock = SPIN_LOCK_UNLOCKED("vmap_space.lock"),
		.start = start, .end = end, .lazy_most = lazy_most,
		.flush = flush, .release = release,
	};
}

/* --- finding a gap --- */

/* NULL stays NULL. */
static struct vmap_area *area_above(struct gap_node *place)
{
	return place ? container_of(place, struct vmap_area, place) : NULL;
}

static struct vmap_area *first_gap(const struct vmap_space *space, u64 need)
{
	if (gap_of_subtree(space->tree.node) < need)
		return NULL;
	return area_above(gap_lowest(space->tree.node, (u32)need));
}

/* Where in the gap below an area does an aligned piece begin? */
static u64 place_below(const struct vmap_area *above, u32 align)
{
	return ALIGN((u64)above->start - above->place.gap, (u64)align);
}

/* Above all areas it is free from here on. */
static u32 top_of(const struct vmap_space *space)
{
	return space->highest ? space->highest->end : space->start;
}

/* The same for alignments above a page. */
static bool find_aligned(const struct vmap_space *space, u32 need, u32 align,
			 struct vmap_area **above, u32 *start)
{
	u64 at = ALIGN((u64)top_of(space), (u64)align);

	*above = first_gap(space, (u64)need + align - PAGE_SIZE);
	if (!*above && at + need > space->end) {
		*above = first_gap(space, need);
		while (*above &&
		       place_below(*above, align) + need > (*above)->start)
			*above = area_above(gap_next(&(*above)->place, need));
		if (!*above)
			return false;
	}
	*start = (u32)(*above ? place_below(*above, align) : at);
	return true;
}

/* The area above the new one, NULL: none, and where that begins. Or false. */
static __always_inline bool find_place(const struct vmap_space *space,
				       u32 need, u32 align,
				       struct vmap_area **above, u32 *start)
{
	if (align > PAGE_SIZE)
		return find_aligned(space, need, align, above, start);
	*above = NULL;
	if (gap_of_subtree(space->tree.node) >= need)
		*above = area_above(gap_lowest(space->tree.node, need));
	*start = *above ? (*above)->start - (*above)->place.gap : top_of(space);
	return *above || space->end - *start >= need;
}

/* --- in and out of the tree --- */

/* Into the gap below `above`: the rightmost place of its left subtree. Both
 * share the gap, so `above` is told, too; it is above it in the tree. */
static void insert_below(struct vmap_space *space, struct vmap_area *area,
			 struct vmap_area *above)
{
	struct rb_node *parent = above->place.node.child[RB_LEFT];
	int side = RB_RIGHT;

	area->place.gap = area->start - (above->start - above->place.gap);
	above->place.gap = above->start - area->end;
	if (!parent) {
		parent = &above->place.node;
		side = RB_LEFT;
	}
	while (parent->child[side])
		parent = parent->child[side];
	rb_link(&space->tree, &area->place.node, parent, side);
	area->place.max_gap = area->place.gap;
	rb_propagate(parent, gap_update);
	gap_changed(&above->place);
}

static __always_inline void insert_on_top(struct vmap_space *space,
					  struct vmap_area *area)
{
	struct rb_node *parent = space->highest ?
				 &space->highest->place.node : NULL;

	area->place.gap = area->start - top_of(space);
	rb_link(&space->tree, &area->place.node, parent, RB_RIGHT);
	area->place.max_gap = area->place.gap;
	/* a gap is left by alignment only */
	if (area->place.gap)
		rb_propagate(parent, gap_update);
	space->highest = area;
}

static void take_out(struct vmap_space *space, struct vmap_area *area)
{
	struct vmap_area *above;
	struct rb_node *other;

	if (area == space->highest) {
		other = rb_prev(&area->place.node);
		space->highest = other ? area_of(other) : NULL;
		rb_erase(&space->tree, &area->place.node, gap_update);
		return;
	}
	other = rb_next(&area->place.node);
	rb_erase(&space->tree, &area->place.node, gap_update);
	above = area_of(other);
	above->place.gap += area->place.gap + (area->end - area->start);
	gap_changed(&above->place);
}

static u32 pages_of(const struct vmap_area *area)
{
	return (area->end - area->start) >> PAGE_SHIFT;
}

/* need: with the guard page. */
static bool fastcall try_insert(struct vmap_space *space,
				struct vmap_area *area, u32 need, u32 align)
{
	u32 flags = spin_lock_irqsave(&space->lock);
	struct vmap_area *above;
	bool found = find_place(space, need, align, &above, &area->start);

	if (found) {
		area->end = area->start + need;
		area->state = VMAP_USED;
		if (above)
			insert_below(space, area, above);
		else
			insert_on_top(space, area);
		rb_balance(&space->tree, &area->place.node, gap_update);
		space->count.areas++;
		space->count.pages += pages_of(area);
	}
	spin_unlock_irqrestore(&space->lock, flags);
	return found;
}

int fastcall vmap_area_insert(struct vmap_space *space, struct vmap_area *area,
			      u32 size, u32 align)
{
	u32 need;

	if (!size || !align || align & (align - 1))
		return -EINVAL;
	/* so nothing below overflows */
	if (size > space->end - space->start - PAGE_SIZE)
		return -ENOSPC;
	need = PAGE_ALIGN(size) + PAGE_SIZE;
	if (likely(try_insert(space, area, need, align)) ||
	    (vmap_purge(space) && try_insert(space, area, need, align)))
		return 0;
	return -ENOSPC;
}

/* --- finding an area --- */

struct vmap_area *vmap_area_find_locked(const struct vmap_space *space,
					u32 addr)
{
	struct rb_node *node = space->tree.node;

	assert_held(&space->lock);
	/* made last, more often than not, and so freed first */
	if (space->highest && addr >= space->highest->start)
		node = &space->highest->place.node;
	while (node) {
		struct vmap_area *area = area_of(node);

		if (addr < area->start)
			node = node->child[RB_LEFT];
		else if (addr < area->end)
			return area;
		else
			node = node->child[RB_RIGHT];
	}
	return NULL;
}

struct vmap_area *vmap_area_next_locked(const struct vmap_space *space,
					u32 addr)
{
	struct rb_node *node = space->tree.node, *found = NULL;

	assert_held(&space->lock);
	while (node) {
		bool here = area_of(node)->start >= addr;

		if (here)
			found = node;
		node = node->child[here ? RB_LEFT : RB_RIGHT];
	}
	while (found && area_of(found)->state != VMAP_USED)
		found = rb_next(found);
	return found ? area_of(found) : NULL;
}

/* What speaks against taking it; NULL: nothing. */
static const char *take_problem(const struct vmap_area *area, u32 addr,
				u32 kind)
{
	if (addr & (PAGE_SIZE - 1))
		return "it is not the begin of a page";
	if (!area)
		return "no area is there";
	if (area->state != VMAP_USED)
		return "it was freed before";
	if (area->start != addr)
		return "it is in the middle of an area";
	if (!(area->kind & kind))
		return "the area there is of another kind";
	return NULL;
}

struct vmap_area *fastcall vmap_area_take(struct vmap_space *space, u32 addr,
					  u32 kind, const char **why)
{
	u32 flags = spin_lock_irqsave(&space->lock);
	struct vmap_area *area = vmap_area_find_locked(space, addr);

	*why = take_problem(area, addr, kind);
	if (*why)
		area = NULL;
	else
		area->state = VMAP_GOING;
	spin_unlock_irqrestore(&space->lock, flags);
	return area;
}

/* --- lazy areas --- */

static bool is_lazy(const struct rb_node *node)
{
	return node && rb_entry(node, struct vmap_area, place.node)->state ==
		       VMAP_LAZY;
}

/*
 * Addresses right above or below those of a lazy area become part of that. True
 * if so: then the area itself is out of the tree.
 */
static __always_inline bool merge_lazy(struct vmap_space *space,
				       struct vmap_area *area)
{
	struct rb_node *below = rb_prev(&area->place.node), *above;

	if (is_lazy(below) && !area->place.gap) {
		area_of(below)->end = area->end;
		if (space->highest == area)
			space->highest = area_of(below);
		rb_erase(&space->tree, &area->place.node, gap_update);
		return true;
	}
	above = rb_next(&area->place.node);
	if (is_lazy(above) && !area_of(above)->place.gap) {
		rb_erase(&space->tree, &area->place.node, gap_update);
		area_of(above)->start = area->start;
		area_of(above)->place.gap = area->place.gap;
		gap_changed(&area_of(above)->place);
		return true;
	}
	return false;
}

static void add_lazy(struct vmap_space *space, struct vmap_area *area)
{
	area->state = VMAP_LAZY;
	area->next_lazy = space->lazy;
	space->lazy = area;
	space->count.lazy++;
}

void fastcall vmap_area_put(struct vmap_space *space, struct vmap_area *area)
{
	u32 flags = spin_lock_irqsave(&space->lock), pages = pages_of(area);
	bool full, merged;

	BUG_ON(area->state != VMAP_GOING, "an area that nobody took is put");
	space->count.areas--;
	space->count.pages -= pages;
	space->count.lazy_pages += pages;
	full = space->count.lazy_pages > space->lazy_most;
	merged = merge_lazy(space, area);
	if (!merged)
		add_lazy(space, area);
	spin_unlock_irqrestore(&space->lock, flags);
	if (merged && space->release)
		space->release(area);
	if (full)
		vmap_purge(space);
}

/* What is lazy now is the caller's; it stays in the tree. */
static struct vmap_area *take_lazy(struct vmap_space *space)
{
	u32 flags = spin_lock_irqsave(&space->lock);
	struct vmap_area *list = space->lazy, *area;

	for (area = list; area; area = area->next_lazy)
		area->state = VMAP_FLUSHING;
	space->lazy = NULL;
	space->count.lazy = 0;
	space->count.lazy_pages = 0;
	if (list)
		space->count.flushes++;
	spin_unlock_irqrestore(&space->lock, flags);
	return list;
}

/* The lock is held for one area at a time: there may be many. */
static void free_lazy(struct vmap_space *space, struct vmap_area *area)
{
	u32 flags = spin_lock_irqsave(&space->lock);

	take_out(space, area);
	spin_unlock_irqrestore(&space->lock, flags);
	if (space->release)
		space->release(area);
}

u32 vmap_purge(struct vmap_space *space)
{
	struct vmap_area *area = take_lazy(space), *next;
	u32 n = 0;

	if (!area)
		return 0;
	space->flush();
	for (; area; area = next) {
		next = area->next_lazy;
		free_lazy(space, area);
		n++;
	}
	return n;
}

/* --- sums --- */

struct vmap_counts vmap_counts(struct vmap_space *space)
{
	u32 flags = spin_lock_irqsave(&space->lock);
	struct vmap_counts count = space->count;

	spin_unlock_irqrestore(&space->lock, flags);
	return count;
}

u32 vmap_largest_gap(struct vmap_space *space)
{
	u32 flags = spin_lock_irqsave(&space->lock);
	u32 gap = gap_of_subtree(space->tree.node);
	u32 top = space->end - top_of(space);

	spin_unlock_irqrestore(&space->lock, flags);
	return max(gap, top);
}
