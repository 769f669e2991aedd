/*
 * Swap areas: which there are, and which one is next. ULK3 section 17.4.2.
 *
 * 1. There is room for MAX_SWAPFILES, and an area's place is part of every
 *    entry that says one of its slots. The place itself never goes: who has an
 *    entry that is out of date finds a place without slots, or another area,
 *    and then looks at his entry again (swap_fault.c).
 *
 * 2. The order. Areas are listed by priority, the highest first; a slot comes
 *    from the first that has one. Those that have the same take turns: who gave
 *    a slot goes behind the others of its priority. So several disks are
 *    written at once.
 *
 * 3. Begin. The header is read as a page of any area is read, and judged; only
 *    then there are arrays, and with `slots` set, under the locks, the area.
 *
 * 4. How much is free is not kept as a number of its own: two or three areas
 *    are added up faster than a number is kept right. An area that ends counts
 *    no more.
 *
 * Locks: swapon_mutex for areas that come and go; swap_list_lock for the list;
 * inside of it swap_area.lock.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>
#include <mm/high/highmem.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/swap_internal.h>
#include <mm/virt/vmalloc.h>

struct swap_area swap_areas[MAX_SWAPFILES];
DEFINE_MUTEX(swapon_mutex);

static spinlock_t swap_list_lock = SPIN_LOCK_UNLOCKED("swap_list_lock");
static LIST_HEAD(by_priority);
static u32 nr_places;		/* no area is at or behind this place */

/* --- counts --- */

struct swap_sum {
	u32 total, free, cached;
};

/* Reads without locks: what changes meanwhile may be in it or not. */
static struct swap_sum add_up(void)
{
	struct swap_sum sum = { .total = 0 };
	u32 i;

	for (i = 0; i < nr_places; i++) {
		const struct swap_area *area = &swap_areas[i];
		u32 usable = area->usable, inuse = area->inuse;

		sum.cached += area->cached;
		if (!area->writable)
			continue;
		sum.total += usable;
		sum.free += usable > inuse ? usable - inuse : 0;
	}
	return sum;
}

u32 total_swap_pages(void)
{
	return add_up().total;
}

u32 nr_swap_pages(void)
{
	return add_up().free;
}

u32 nr_swap_cached(void)
{
	return add_up().cached;
}

bool vm_swap_full(void)
{
	u32 total = 0, inuse = 0, i;

	for (i = 0; i < nr_places; i++) {
		if (!swap_areas[i].writable)
			continue;
		total += swap_areas[i].usable;
		inuse += swap_areas[i].inuse;
	}
	return inuse > total / 2;
}

/* --- slots --- */

/* Behind all that have its priority; the list's lock is held. */
static void enlist(struct swap_area *area)
{
	struct list_head *before = &by_priority;
	struct swap_area *other;

	list_for_each_entry(other, &by_priority, list) {
		if (other->prio < area->prio)
			break;
		before = &other->list;
	}
	list_add(&area->list, before);
}

/* Both locks are held. */
static swp_entry_t take_from(struct swap_area *area, u16 count,
			     struct page *page)
{
	u32 offset = 0;
	swp_entry_t entry = { .val = 0 };

	if (area->writable)
		offset = swap_slot_take(area, count, page);
	if (!offset)
		return entry;
	entry = swp_entry(area->type, offset);
	if (page) {
		page->private = entry.val;
		SetPageSwapCache(page);
	}
	return entry;
}

static bool is_alone(const struct swap_area *area)
{
	return area->list.next == area->list.prev;
}

static swp_entry_t take_slot(u16 count, struct page *page)
{
	u32 flags = spin_lock_irqsave(&swap_list_lock);
	swp_entry_t entry = { .val = 0 };
	struct swap_area *area;

	list_for_each_entry(area, &by_priority, list) {
		spin_lock(&area->lock);
		entry = take_from(area, count, page);
		spin_unlock(&area->lock);
		if (!entry.val)
			continue;
		if (!is_alone(area)) {
			list_del(&area->list);
			enlist(area);
		}
		break;
	}
	spin_unlock_irqrestore(&swap_list_lock, flags);
	return entry;
}

swp_entry_t get_swap_page(void)
{
	return take_slot(1, NULL);
}

swp_entry_t swap_take_for(struct page *page)
{
	return take_slot(0, page);
}

bool fastcall swap_duplicate(swp_entry_t entry)
{
	u32 flags;
	struct swap_area *area = lock_swap_area(entry, &flags);
	bool done;

	if (!area)
		return false;
	done = swap_slot_get(area, swp_offset(entry));
	unlock_swap_area(area, flags);
	return done;
}

u32 swap_count(swp_entry_t entry)
{
	u32 flags, count;
	struct swap_area *area = lock_swap_area(entry, &flags);

	if (!area)
		return 0;
	count = swap_slot_count(area, swp_offset(entry));
	unlock_swap_area(area, flags);
	return count;
}

void swap_spoil(swp_entry_t entry)
{
	u32 flags;
	struct swap_area *area = lock_swap_area(entry, &flags);
	bool news;

	BUG_ON(!area, "a write to a swap area that is gone has ended");
	news = swap_slot_spoil(area, swp_offset(entry));
	unlock_swap_area(area, flags);
	if (news)
		pr_warn("swap: slot %u of %s cannot be written: its page stays "
			"in memory, the slot is not used again\n",
			swp_offset(entry), area->backing->name);
}

bool swap_wants_back(const struct page *page)
{
	return swap_slot_wanted_back((swp_entry_t){ (u32)page->private });
}

bool swap_slot_wanted_back(swp_entry_t entry)
{
	const struct swap_area *area = &swap_areas[swp_type(entry)];

	return !area->writable || swap_slot_is_bad(area, swp_offset(entry)) ||
	       vm_swap_full();
}

/* --- the begin of an area --- */

static void header_was_read(struct page *page, int error)
{
	if (!error)
		SetPageUptodate(page);
	unlock_page(page);
}

/* Into a page of the caller's. */
static int read_header(struct swap_backing *backing, struct page *page)
{
	lock_page(page);
	backing->start(backing, 0, page, READ, header_was_read);
	wait_on_page_locked(page);
	return PageUptodate(page) ? 0 : -EIO;
}

/* Its arrays. */
static void swap_area_free(struct swap_area *area)
{
	vfree(area->map);
	vfree(area->cluster);
	vfree(area->page);
	area->map = area->cluster = NULL;
	area->page = NULL;
}

static int alloc_arrays(struct swap_area *area, u32 slots)
{
	area->map = vzalloc(slots * sizeof(*area->map));
	area->cluster = vzalloc(swap_clusters(slots) * sizeof(*area->cluster));
	area->page = vzalloc(slots * sizeof(struct page *));
	if (area->map && area->cluster && area->page)
		return 0;
	swap_area_free(area);
	return -ENOMEM;
}

/* Below all there are. */
static s32 lowest_prio(void)
{
	s32 prio = 0;
	u32 i;

	for (i = 0; i < nr_places; i++)
		if (swap_areas[i].slots)
			prio = min(prio, swap_areas[i].prio);
	return prio - 1;
}

static void publish(struct swap_area *area, u32 slots,
		    const struct swap_header *header)
{
	u32 flags = spin_lock_irqsave(&swap_list_lock), i;

	spin_lock(&area->lock);
	area->slots = slots;
	swap_slots_init(area);
	for (i = 0; i < header->nr_badpages; i++)
		swap_slot_spoil(area, header->badpages[i]);
	area->ahead_prev = area->ahead_size = area->ahead_hits = 0;
	area->writable = true;
	nr_places = max(nr_places, area->type + 1);
	enlist(area);
	spin_unlock(&area->lock);
	spin_unlock_irqrestore(&swap_list_lock, flags);
}

static int begin_area(struct swap_area *area, struct swap_backing *backing,
		      const void *page, s32 prio)
{
	struct swap_header header;
	const char *wrong = swap_header_parse(page, backing->pages, &header);

	if (wrong) {
		pr_warn("swap: %s is refused: %s\n", backing->name, wrong);
		return -EINVAL;
	}
	if (alloc_arrays(area, header.last_page + 1)) {
		pr_warn("swap: %s: no memory for its %u slots\n",
			backing->name, header.last_page);
		return -ENOMEM;
	}
	area->prio = prio < 0 ? lowest_prio() : prio;
	area->backing = backing;
	publish(area, header.last_page + 1, &header);
	pr_info("swap: %s has %u slots, %u KB, priority %d%s%s\n",
		backing->name, area->usable,
		area->usable << (PAGE_SHIFT - 10), area->prio,
		header.label[0] ? ", label " : "", header.label);
	return 0;
}

struct swap_area *swap_area_named(const char *name)
{
	u32 i;

	for (i = 0; i < nr_places; i++)
		if (swap_areas[i].slots &&
		    !strcmp(swap_areas[i].backing->name, name))
			return &swap_areas[i];
	return NULL;
}

/* -EBUSY: it is one; -EPERM: there is no room. */
static int find_place(const char *name, struct swap_area **place)
{
	u32 i;

	if (swap_area_named(name)) {
		pr_warn("swap: %s is a swap area already\n", name);
		return -EBUSY;
	}
	for (i = 0; i < MAX_SWAPFILES; i++)
		if (!swap_areas[i].slots) {
			*place = &swap_areas[i];
			return 0;
		}
	pr_warn("swap: %s is refused: there are %u areas\n", name,
		MAX_SWAPFILES);
	return -EPERM;
}

/* page: for the header. swapon_mutex is held. */
static int swapon_locked(struct swap_backing *backing, s32 prio,
			 struct page *page)
{
	struct swap_area *area;
	int err = find_place(backing->name, &area);

	if (err)
		return err;
	err = read_header(backing, page);
	if (err) {
		pr_warn("swap: the header of %s cannot be read\n",
			backing->name);
		return err;
	}
	err = begin_area(area, backing, kmap(page), prio);
	kunmap(page);
	return err;
}

int swapon(struct swap_backing *backing, s32 prio)
{
	struct page *page = alloc_page(GFP_KERNEL);
	int err;

	if (!page)
		return -ENOMEM;
	mutex_lock(&swapon_mutex);
	err = swapon_locked(backing, prio, page);
	mutex_unlock(&swapon_mutex);
	__free_page(page);
	return err;
}

/* --- the end --- */

void swap_area_retire(struct swap_area *area)
{
	u32 flags = spin_lock_irqsave(&swap_list_lock);

	spin_lock(&area->lock);
	list_del(&area->list);
	area->slots = area->usable = area->inuse = 0;
	spin_unlock(&area->lock);
	spin_unlock_irqrestore(&swap_list_lock, flags);
	swap_area_free(area);
}

/* --- looking --- */

bool next_swap_area(struct swap_area_info *info, u32 *place)
{
	const struct swap_area *area;
	bool there = false;

	mutex_lock(&swapon_mutex);
	for (; *place < nr_places && !there; ++*place) {
		area = &swap_areas[*place];
		there = area->slots;
		if (!there)
			continue;
		strlcpy(info->name, area->backing->name, sizeof(info->name));
		info->is_file = area->backing->is_file;
		info->usable = area->usable;
		info->inuse = area->inuse;
		info->bad = area->slots - 1 - area->usable;
		info->prio = area->prio;
	}
	mutex_unlock(&swapon_mutex);
	return there;
}

/* --- boot --- */

void __init swap_init(void)
{
	u32 i;

	for (i = 0; i < MAX_SWAPFILES; i++) {
		spin_lock_init(&swap_areas[i].lock, "swap_area.lock");
		swap_areas[i].type = i;
	}
	swap_fault_init();
}
