/*
 * Shared memory that goes to swap, and comes back. ULK3 section 17.4 (of its
 * own kind there: shmem).
 *
 * 1. A page of such memory is in its mapping as long as it is in memory, so
 *    there is no swap cache for it. Where in swap it is stands in a table by
 *    index: chunks of a page each, made when the first page of a chunk comes
 *    into being. So a page that has to go needs no memory for that.
 *
 * 2. States of an index:
 *
 *	slot	page		the memory
 *	-	-		was never written: zeros
 *	-	clean		the same
 *	-	dirty		has not been in swap, or has lost its slot
 *	yes	-		is in swap
 *	yes	clean		in both
 *	yes	dirty		is newer than swap: written to the same slot
 *				next time
 *
 * 3. Out: the page has PG_writeback, then it is clean, and may leave its
 *    mapping as any page of a file. If the write fails, the slot is bad, the
 *    page dirty and without a slot: it goes to another one next time.
 *
 * 4. In: readpage() reads from the slot. When slots are scarce, or the area
 *    ends, the page is dirty from then on and the slot free.
 *
 * 5. The last entry of a slot is the table's own: each slot counts one.
 *
 * Locks: shared_memory.lock, interrupts off, for the table; a page's lock or
 * PG_writeback keeps its index as it is. shared_list_lock for the list of all.
 * Nothing is taken inside of either.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/bug.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>
#include <mm/page/page_alloc.h>
#include <mm/space/filemap.h>
#include <mm/space/internal.h>
#include <mm/table/swap_entry.h>

#define PER_CHUNK (PAGE_SIZE / sizeof(u32))

static LIST_HEAD(all_shared);
static spinlock_t shared_list_lock = SPIN_LOCK_UNLOCKED("shared_list_lock");

static struct shared_memory *owner_of(const struct page *page)
{
	const struct address_space *mapping = page->mapping;

	return mapping->host;
}

static u32 nr_chunks(const struct shared_memory *shared)
{
	return (u32)(((shared->size + PAGE_SIZE - 1) >> PAGE_SHIFT) +
		     PER_CHUNK - 1) / PER_CHUNK;
}

/* --- the table --- */

/* The place of an index; NULL: its chunk was never made. */
static u32 *place_of(const struct shared_memory *shared, u32 index)
{
	u32 *chunk = shared->slots[index / PER_CHUNK];

	return chunk ? &chunk[index % PER_CHUNK] : NULL;
}

static u32 slot_of(struct shared_memory *shared, u32 index)
{
	u32 flags = spin_lock_irqsave(&shared->lock);
	const u32 *place = place_of(shared, index);
	u32 slot = place ? *place : 0;

	spin_unlock_irqrestore(&shared->lock, flags);
	return slot;
}

/* What was there. */
static u32 set_slot(struct shared_memory *shared, u32 index, u32 slot)
{
	u32 flags = spin_lock_irqsave(&shared->lock);
	u32 *place = place_of(shared, index);
	u32 was = place ? *place : 0;

	BUG_ON(!place, "a page of shared memory without a place for its slot");
	*place = slot;
	shared->swapped += (slot != 0) - (was != 0);
	spin_unlock_irqrestore(&shared->lock, flags);
	return was;
}

static bool make_chunk(struct shared_memory *shared, u32 index)
{
	u32 **at = &shared->slots[index / PER_CHUNK], flags, *chunk;

	if (*(u32 *volatile *)at)
		return true;
	chunk = (u32 *)get_zeroed_page(GFP_KERNEL);
	if (!chunk)
		return false;
	flags = spin_lock_irqsave(&shared->lock);
	if (!*at) {
		*at = chunk;
		chunk = NULL;
	}
	spin_unlock_irqrestore(&shared->lock, flags);
	free_page((unsigned long)chunk);
	return true;
}

/* Its page is dirty, and nowhere but in memory. Any context. */
static void lose_slot(struct shared_memory *shared, struct page *page)
{
	u32 slot = set_slot(shared, page->index, 0);

	set_page_dirty(page);
	if (slot)
		swap_hooks.slot_put(slot);
}

/* --- in --- */

static void read_ended(struct page *page, int error)
{
	struct shared_memory *shared = owner_of(page);
	swp_entry_t slot = { .val = slot_of(shared, page->index) };

	if (error) {
		SetPageError(page);
		pr_warn("swap: slot %u of area %u cannot be read: it was page "
			"%u of shared memory\n", swp_offset(slot),
			swp_type(slot), page->index);
	} else {
		SetPageUptodate(page);
		if (swap_hooks.slot_wanted_back(slot.val))
			lose_slot(shared, page);
	}
	unlock_page(page);
}

int shared_readpage(struct address_space *mapping, struct page *page)
{
	struct shared_memory *shared = mapping->host;
	u32 slot;

	if (!make_chunk(shared, page->index)) {
		unlock_page(page);
		return -ENOMEM;
	}
	slot = slot_of(shared, page->index);
	if (slot) {
		swap_hooks.slot_io(slot, page, false, read_ended);
		return 0;
	}
	clear_highpage(page);
	SetPageUptodate(page);
	unlock_page(page);
	return 0;
}

/* --- out --- */

static void write_ended(struct page *page, int error)
{
	struct shared_memory *shared = owner_of(page);

	if (error) {
		swap_hooks.slot_is_bad(slot_of(shared, page->index));
		lose_slot(shared, page);
	}
	end_page_writeback(page);
}

int shared_swap_out(struct address_space *mapping, struct page *page)
{
	struct shared_memory *shared = mapping->host;
	u32 slot = slot_of(shared, page->index);

	if (!slot && swap_hooks.slot_get) {
		slot = swap_hooks.slot_get();
		if (slot)
			set_slot(shared, page->index, slot);
	}
	if (!slot) {
		set_page_dirty(page);
		unlock_page(page);
		return -ENOSPC;
	}
	set_page_writeback(page);
	unlock_page(page);
	swap_hooks.slot_io(slot, page, true, write_ended);
	return 0;
}

/* --- begin and end --- */

bool shared_slots_init(struct shared_memory *shared)
{
	u32 flags;

	spin_lock_init(&shared->lock, "shared_memory.lock");
	shared->slots = kzalloc(nr_chunks(shared) * sizeof(*shared->slots),
				GFP_KERNEL);
	if (!shared->slots)
		return false;
	flags = spin_lock_irqsave(&shared_list_lock);
	list_add_tail(&shared->list, &all_shared);
	spin_unlock_irqrestore(&shared_list_lock, flags);
	return true;
}

/* Its pages have gone. */
void shared_slots_free(struct shared_memory *shared)
{
	u32 flags = spin_lock_irqsave(&shared_list_lock), i, k;

	list_del(&shared->list);
	spin_unlock_irqrestore(&shared_list_lock, flags);
	for (i = 0; i < nr_chunks(shared); i++) {
		u32 *chunk = shared->slots[i];

		for (k = 0; chunk && k < PER_CHUNK; k++)
			if (chunk[k])
				swap_hooks.slot_put(chunk[k]);
		free_page((unsigned long)chunk);
	}
	kfree(shared->slots);
}

/* --- all of it --- */

/* The one behind prev, with a user more; prev's goes. */
static struct shared_memory *next_shared(struct shared_memory *prev)
{
	u32 flags = spin_lock_irqsave(&shared_list_lock);
	struct list_head *at = prev ? prev->list.next : all_shared.next;
	struct shared_memory *shared = NULL;

	for (; at != &all_shared && !shared; at = at->next) {
		shared = list_entry(at, struct shared_memory, list);
		if (!atomic_inc_not_zero(&shared->users))
			shared = NULL;
	}
	spin_unlock_irqrestore(&shared_list_lock, flags);
	if (prev)
		shared_memory_put(prev);
	return shared;
}

static int bring_home(struct shared_memory *shared, u32 index)
{
	struct page *page = read_cache_page_if(&shared->mapping, index);

	if (IS_ERR_PAGE(page))
		return PAGE_ERR(page);
	lock_page(page);
	wait_on_page_writeback(page);
	if (page->mapping == &shared->mapping && slot_of(shared, index))
		lose_slot(shared, page);
	unlock_page(page);
	put_page(page);
	return 0;
}

static int bring_all_home(struct shared_memory *shared,
			  bool (*wanted)(u32 slot, u32 area), u32 area)
{
	u32 pages = (u32)((shared->size + PAGE_SIZE - 1) >> PAGE_SHIFT), i;
	int err = 0;

	for (i = 0; i < pages && !err && shared->swapped; i++) {
		if (!shared->slots[i / PER_CHUNK]) {
			i |= PER_CHUNK - 1;
			continue;
		}
		if (wanted(slot_of(shared, i), area))
			err = bring_home(shared, i);
		cond_resched();
	}
	return err;
}

int shared_bring_home(bool (*wanted)(u32 slot, u32 area), u32 area)
{
	struct shared_memory *shared = NULL;
	int err = 0;

	while ((shared = next_shared(shared))) {
		err = bring_all_home(shared, wanted, area);
		if (err) {
			shared_memory_put(shared);
			break;
		}
	}
	return err;
}

static void each_slot_of(struct shared_memory *shared,
			 void (*fn)(void *arg, u32 slot), void *arg)
{
	u32 i, k, slot;

	for (i = 0; i < nr_chunks(shared) && shared->swapped; i++)
		for (k = 0; k < PER_CHUNK && shared->slots[i]; k++) {
			slot = slot_of(shared, i * PER_CHUNK + k);
			if (slot)
				fn(arg, slot);
		}
}

void shared_for_each_slot(void (*fn)(void *arg, u32 slot), void *arg)
{
	struct shared_memory *shared = NULL;

	while ((shared = next_shared(shared)))
		each_slot_of(shared, fn, arg);
}
