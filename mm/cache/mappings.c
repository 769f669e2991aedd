/*
 * All address_spaces that have pages, and those of them that have dirty ones.
 *
 * 1. Two lists. An address_space gets on the first with its first page and
 *    leaves it with the last; it is on the second while its tree has the tag of
 *    dirty pages and it can write them. Both change under its tree_lock only.
 *    So nobody needs to say when one begins and ends, and one that is found on
 *    a list exists.
 *
 * 2. It may be gone as soon as its lock is let go. Who goes along a list has a
 *    walk, which is told of each that leaves: so the walk knows what is next,
 *    and whether the one it is at is still there (mapping_walk_again()). It may
 *    have left and come back: then the walk is not at it any more.
 *
 * 3. Newcomers get on at the end. A walk meets those that come while it is on
 *    its way, so who needs an end has to look at the time.
 *
 * Locks: mappings_lock inside of tree_lock; interrupts off. A walk would take
 * the two in the wrong order, so it only tries the second.
 */
#include <kernel/cpu/time.h>
#include <mm/cache/internal.h>

static spinlock_t mappings_lock = SPIN_LOCK_UNLOCKED("mappings_lock");
static LIST_HEAD(walks);
static struct list_head lists[] = {
	[ALL_MAPPINGS] = LIST_HEAD_INIT(lists[ALL_MAPPINGS]),
	[DIRTY_MAPPINGS] = LIST_HEAD_INIT(lists[DIRTY_MAPPINGS]),
};

static struct list_head *link_of(struct address_space *mapping,
				 enum mapping_list of)
{
	return of == ALL_MAPPINGS ? &mapping->all : &mapping->dirty;
}

static struct address_space *mapping_of(struct list_head *link,
					enum mapping_list of)
{
	return of == ALL_MAPPINGS ?
	       list_entry(link, struct address_space, all) :
	       list_entry(link, struct address_space, dirty);
}

/* --- getting on and off --- */

static void enter(struct address_space *mapping, enum mapping_list of)
{
	spin_lock(&mappings_lock);
	list_add_tail(link_of(mapping, of), &lists[of]);
	spin_unlock(&mappings_lock);
}

static void leave(struct address_space *mapping, enum mapping_list of)
{
	struct list_head *link = link_of(mapping, of);
	struct mapping_walk *walk;

	spin_lock(&mappings_lock);
	list_for_each_entry(walk, &walks, list) {
		if (walk->next == link)
			walk->next = link->next;
		if (walk->of == of && walk->at == mapping)
			walk->at = NULL;
	}
	list_del_init(link);
	spin_unlock(&mappings_lock);
}

void mapping_begins(struct address_space *mapping)
{
	enter(mapping, ALL_MAPPINGS);
}

void mapping_ends(struct address_space *mapping)
{
	leave(mapping, ALL_MAPPINGS);
}

void mapping_dirtied(struct address_space *mapping)
{
	if (!has_below(mapping) || !list_empty(&mapping->dirty))
		return;
	mapping->dirtied_when = jiffies;
	enter(mapping, DIRTY_MAPPINGS);
}

void mapping_leaves_dirty(struct address_space *mapping)
{
	leave(mapping, DIRTY_MAPPINGS);
}

/* --- going along --- */

void mapping_walk_begin(struct mapping_walk *walk, enum mapping_list of)
{
	spin_lock_irq(&mappings_lock);
	walk->of = of;
	walk->at = NULL;
	walk->next = lists[of].next;
	list_add(&walk->list, &walks);
	spin_unlock_irq(&mappings_lock);
}

void mapping_walk_end(struct mapping_walk *walk)
{
	spin_lock_irq(&mappings_lock);
	list_del(&walk->list);
	spin_unlock_irq(&mappings_lock);
}

/* Takes the lock of the one that the walk is at, or of the next one. */
static struct address_space *lock_mapping(struct mapping_walk *walk, bool next)
{
	struct address_space *mapping;

	for (;;) {
		spin_lock_irq(&mappings_lock);
		mapping = walk->at;
		if (next)
			mapping = walk->next == &lists[walk->of] ? NULL :
				  mapping_of(walk->next, walk->of);
		if (!mapping || spin_trylock(&mapping->tree_lock))
			break;
		spin_unlock_irq(&mappings_lock);
		cpu_relax();
	}
	walk->at = mapping;
	if (!mapping) {
		spin_unlock_irq(&mappings_lock);
		return NULL;
	}
	if (next)
		walk->next = walk->next->next;
	spin_unlock(&mappings_lock);
	return mapping;
}

struct address_space *mapping_walk_next(struct mapping_walk *walk)
{
	return lock_mapping(walk, true);
}

struct address_space *mapping_walk_again(struct mapping_walk *walk)
{
	return lock_mapping(walk, false);
}

/* --- sums --- */

u32 page_cache_pages_of_disks(void)
{
	const struct address_space *mapping;
	u32 n = 0, flags = spin_lock_irqsave(&mappings_lock);

	list_for_each_entry(mapping, &lists[ALL_MAPPINGS], all)
		if (mapping->flags & AS_DISK)
			n += mapping->nrpages;
	spin_unlock_irqrestore(&mappings_lock, flags);
	return n;
}

u32 mappings_pages(u32 *counted)
{
	const struct address_space *mapping;
	u32 n = 0;

	spin_lock_irq(&mappings_lock);
	list_for_each_entry(mapping, &lists[ALL_MAPPINGS], all)
		n += mapping->nrpages;
	*counted = page_cache_pages();
	spin_unlock_irq(&mappings_lock);
	return n;
}
