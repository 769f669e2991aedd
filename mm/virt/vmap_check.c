/*
 * Every invariant of vmap_area.c, section 6, recomputed: no counter and no gap
 * is believed. And what is mapped: only pages of areas in use, never a guard
 * page.
 */
#include <kernel/lib/differs.h>
#include <mm/virt/vmap_check.h>

struct check {
	struct vmap_space *space;
	void (*report)(const char *sentence);
	unsigned int differences;
	struct vmap_counts count;	/* as found in the tree */
	bool lost;			/* no order: no use going on */
};

#define differ(c, ...) \
	say_differs((c)->report, &(c)->differences, __VA_ARGS__)

static void count_area(struct check *c, const struct vmap_area *area)
{
	u32 pages = (area->end - area->start) >> PAGE_SHIFT;

	if (area->state == VMAP_LAZY) {
		c->count.lazy++;
		c->count.lazy_pages += pages;
	} else if (area->state != VMAP_FLUSHING) {
		c->count.areas++;
		c->count.pages += pages;
	}
}

/* below: where the area before it ends. */
static void check_area(struct check *c, const struct vmap_area *area,
		       u32 below)
{
	if (area->start < below || area->end <= area->start ||
	    area->end > c->space->end) {
		differ(c, "the area %08x-%08x overlaps another, or leaves its "
		       "space", area->start, area->end);
		c->lost = true;
		return;
	}
	if ((area->start | area->end) & (PAGE_SIZE - 1) ||
	    area->end - area->start < 2 * PAGE_SIZE)
		differ(c, "the area %08x-%08x is not of whole pages with a "
		       "guard page", area->start, area->end);
	count_area(c, area);
}

static void check_gap(struct check *c, const struct vmap_area *area, u32 below)
{
	if (area->place.gap != area->start - below)
		differ(c, "below %08x a gap of %x bytes is noted; there are %x",
		       area->start, area->place.gap, area->start - below);
	if (area->place.max_gap != gap_largest(&area->place))
		differ(c, "the subtree of %08x has %x for its largest gap, not "
		       "%x", area->start, gap_largest(&area->place),
		       area->place.max_gap);
}

static void check_tree(struct check *c)
{
	struct vmap_space *space = c->space;
	u32 below = space->start;
	struct rb_node *node;

	for (node = rb_first(&space->tree); node; node = rb_next(node)) {
		struct vmap_area *area = rb_entry(node, struct vmap_area,
						  place.node);

		check_area(c, area, below);
		if (c->lost)
			return;
		check_gap(c, area, below);
		below = area->end;
	}
	node = rb_last(&space->tree);
	if (node != (space->highest ? &space->highest->place.node : NULL))
		differ(c, "the highest area is not the one that is noted");
}

static void check_counts(struct check *c)
{
	const struct vmap_counts *noted = &c->space->count, *found = &c->count;
	const struct vmap_area *area;
	u32 listed = 0;

	if (noted->areas != found->areas || noted->pages != found->pages)
		differ(c, "%u areas of %u pages are noted; there are %u of %u",
		       noted->areas, noted->pages, found->areas, found->pages);
	if (noted->lazy != found->lazy ||
	    noted->lazy_pages != found->lazy_pages)
		differ(c, "%u lazy areas of %u pages are noted; there are %u "
		       "of %u", noted->lazy, noted->lazy_pages, found->lazy,
		       found->lazy_pages);
	for (area = c->space->lazy; area && listed <= found->lazy;
	     area = area->next_lazy) {
		if (area->state != VMAP_LAZY)
			differ(c, "the area at %08x is on the lazy list and "
			       "not lazy", area->start);
		listed++;
	}
	if (listed != found->lazy)
		differ(c, "%u areas are on the lazy list; %u are lazy", listed,
		       found->lazy);
}

/* Each mapped piece of the space; several pages if it is a large one. */
static int check_leaf(const struct pt_walk *walk, void *arg)
{
	struct check *c = arg;
	const struct vmap_area *area;

	area = vmap_area_find_locked(c->space, walk->addr);
	if (!area || area->state >= VMAP_LAZY)
		differ(c, "%08x is mapped and in no area that is in use",
		       walk->addr);
	else if (walk->addr >= area->end - PAGE_SIZE)
		differ(c, "the guard page %08x is mapped", walk->addr);
	return 0;
}

unsigned int check_vmap_space(struct vmap_space *space,
			      const struct pgtable *pt,
			      void (*report)(const char *sentence))
{
	struct check c = { .space = space, .report = report };
	u32 flags = spin_lock_irqsave(&space->lock);
	const char *wrong = rb_check(&space->tree);

	if (wrong)
		differ(&c, "areas: %s", wrong);
	else
		check_tree(&c);
	if (!wrong && !c.lost) {
		check_counts(&c);
		if (pt)
			pt_for_each_leaf(pt, space->start, space->end - 1,
					 check_leaf, &c);
	}
	spin_unlock_irqrestore(&space->lock, flags);
	return c.differences;
}
