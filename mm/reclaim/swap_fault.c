/*
 * Entries that say a swap slot: how their pages come home. ULK3 17.4.8, 17.4.9.
 *
 * 1. The order. The page is looked for in the cache, or read; locked; then,
 *    under page_table_lock, the entry is looked at again. As long as it says
 *    the slot, and the page is locked and in the cache with that slot, the page
 *    is the one that is wanted, whatever happened in between: the area cannot
 *    have gone, as an entry says it. In all other cases nothing is done, and
 *    the instruction is tried again.
 *
 * 2. Whose page it is. What was read ahead is nobody's (mapping NULL) until the
 *    first entry shows it. All entries of a slot are of areas that share an
 *    anon_vma, so it does not matter which of them is first.
 *
 * 3. May it be written at once? If no other entry shows the page, and none says
 *    the slot: then it is this area's alone, and a second fault is spared. It
 *    is not dirty for that: the slot stays with it, and if nobody writes, it
 *    goes again without being written. While slots are scarce
 *    (vm_swap_full()) the slot goes instead, and the page is dirty.
 *
 *    The count of the slot falls behind the entry that shows the page. So who
 *    asks whether he is alone (reuse) reads the count first, then mapcount: if
 *    the first was 0 already, the second says it all. Both under the area's
 *    lock: an entry that becomes one of the slot (try_to_unmap()) counts there
 *    before it is none of mapcount's.
 *
 * 4. Reading ahead. Slots are given out in the order in which pages go, so
 *    neighbours went together, and come home together. A window of 1 to
 *    SWAP_READ_AHEAD slots around the one that is wanted, aligned, is read. How
 *    many: as many as were of use since the last time and two more, not less
 *    than half as many as then; one alone, if nothing was of use and the last
 *    slot was no neighbour. A page was of use when a fault finds it that
 *    nobody's entry ever showed.
 *
 * 5. A page that cannot be read. It is tried once more for who needs it; he
 *    gets FAULT_SWAP, the log names the slot, and nobody else is touched. What
 *    cannot be read ahead is of no matter.
 *
 * Locks: mmap_sem for reading, the page's, page_table_lock, swap_area.lock.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/bug.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/lru.h>
#include <mm/reclaim/swap_internal.h>
#include <mm/space/fault.h>
#include <mm/space/filemap.h>
#include <mm/space/internal.h>

/* One entry, while it is brought home. */
struct swapped {
	struct vm_area_struct *vma;
	u32 address;
	pteval_t value;
	swp_entry_t entry;
	bool write;
	bool major;		/* it took a device */
	bool shared;		/* others have the page, too */
};

/* --- reading ahead --- */

static bool is_neighbour(u32 a, u32 b)
{
	return a == b + 1 || b == a + 1;
}

static u32 power_of_two(u32 n)
{
	u32 power = 1;

	while (power < n)
		power *= 2;
	return power;
}

/* How many slots are read at once this time. */
static u32 window(struct swap_area *area, u32 offset)
{
	u32 hits = __atomic_exchange_n(&area->ahead_hits, 0, __ATOMIC_RELAXED);
	u32 n = power_of_two(hits + 2);

	if (!hits && !is_neighbour(offset, area->ahead_prev))
		n = 1;
	n = min(n, SWAP_READ_AHEAD);
	n = max(n, area->ahead_size / 2);
	area->ahead_prev = offset;
	area->ahead_size = n;
	return n;
}

/* One that has no page yet, and is worth reading. */
static void read_one_ahead(swp_entry_t entry, gfp_t gfp)
{
	struct page *page;

	if (!swap_is_out(entry))
		return;
	page = read_new_swap_cache(entry, gfp);
	if (page)
		put_user_page(page);
}

/* Slots around it begin to be read: as many as were worth it lately. */
static void swapin_readahead(swp_entry_t entry, gfp_t gfp)
{
	struct swap_area *area = &swap_areas[swp_type(entry)];
	u32 offset = swp_offset(entry), n = window(area, offset), at;
	u32 first = ALIGN_DOWN(offset, n);

	for (at = first; at < first + n; at++)
		if (at && at != offset)
			read_one_ahead(swp_entry(swp_type(entry), at),
				       gfp | __GFP_NORETRY | __GFP_NOWARN);
}

static void note_hit(swp_entry_t entry)
{
	struct swap_area *area = &swap_areas[swp_type(entry)];

	__atomic_fetch_add(&area->ahead_hits, 1, __ATOMIC_RELAXED);
}

/* --- the page --- */

static bool is_of(const struct page *page, swp_entry_t entry)
{
	return PageSwapCache(page) && page->private == entry.val;
}

/* The page, with a user, perhaps still being read; NULL. */
static struct page *find_page(struct swapped *s, gfp_t gfp)
{
	struct page *page = lookup_swap_cache(s->entry);

	if (page)
		return page;
	s->major = true;
	/* the one that is wanted is asked for first, and on its way while the
	 * others are */
	page = read_new_swap_cache(s->entry, gfp);
	if (page)
		swapin_readahead(s->entry, gfp);
	return page;
}

/* Locked; once more if it could not be read. */
static void lock_and_read(struct swapped *s, struct page *page)
{
	lock_page(page);
	if (likely(PageUptodate(page)) || !is_of(page, s->entry))
		return;
	s->major = true;
	swap_readpage(page);
	lock_page(page);
}

/* Is the entry still the one it was? Then with page_table_lock. */
static u32 *lock_entry(const struct swapped *s)
{
	struct mm_struct *mm = s->vma->vm_mm;
	u32 *entry;

	spin_lock(page_table_lock(mm));
	entry = pt_find(&mm->pgd, s->address);
	if (likely(entry && pt_read(&mm->pgd, entry) == s->value))
		return entry;
	spin_unlock(page_table_lock(mm));
	return NULL;
}

static bool is_unchanged(const struct swapped *s)
{
	if (!lock_entry(s))
		return false;
	spin_unlock(page_table_lock(s->vma->vm_mm));
	return true;
}

/* --- showing it --- */

static pteval_t value_for(const struct swapped *s, const struct page *page)
{
	pteval_t prot = s->vma->vm_page_prot & supported_pte_mask;
	pteval_t value = PFN_PHYS(page_to_pfn(page)) | prot;

	if (s->shared)
		return value & ~_PAGE_RW;
	if (s->vma->vm_flags & VM_WRITE)
		value |= _PAGE_RW;
	return s->write ? value | _PAGE_DIRTY : value;
}

/* A user more, the entry's; page_table_lock is held, the page is locked. */
static void show(struct swapped *s, u32 *entry, struct page *page)
{
	struct mm_struct *mm = s->vma->vm_mm;

	s->shared = page_mapcount(page);
	get_page(page);
	page_add_anon_rmap(page, s->vma, s->address);
	/* behind that: section 3 */
	if (swap_put_locked_page(s->entry))
		s->shared = true;
	mm->anon_rss++;
	mm->swap_entries--;
	pt_write(&mm->pgd, entry, value_for(s, page));
}

static enum fault_result cannot_be_read(const struct swapped *s)
{
	pr_warn("swap: slot %u of %s cannot be read: it was address %08x of a "
		"process\n", swp_offset(s->entry),
		swap_areas[swp_type(s->entry)].backing->name, s->address);
	return FAULT_SWAP;
}

/* The page is locked. */
static enum fault_result install(struct swapped *s, struct page *page)
{
	bool fresh = !page->mapping;
	u32 *entry;

	if (!is_of(page, s->entry))
		return FAULT_MINOR;
	if (unlikely(!PageUptodate(page)))
		return is_unchanged(s) ? cannot_be_read(s) : FAULT_MINOR;
	entry = lock_entry(s);
	if (!entry)
		return FAULT_MINOR;
	show(s, entry, page);
	spin_unlock(page_table_lock(s->vma->vm_mm));
	if (fresh && !s->major)
		note_hit(s->entry);
	if (!PageActive(page))
		activate_page(page);
	if (swap_wants_back(page))
		remove_exclusive_swap_page(page);
	return s->major ? FAULT_MAJOR : FAULT_MINOR;
}

static enum fault_result bring_in(struct swapped *s, gfp_t gfp)
{
	enum fault_result result;
	struct page *page;

	if (unlikely(!s->vma->anon_vma) && anon_vma_prepare(s->vma))
		return FAULT_OOM;
	page = find_page(s, gfp);
	if (!page)
		return is_unchanged(s) && swap_count(s->entry) ? FAULT_OOM :
								 FAULT_MINOR;
	lock_and_read(s, page);
	result = install(s, page);
	unlock_page(page);
	put_user_page(page);
	return result;
}

static void begin(struct swapped *s, struct vm_area_struct *vma, u32 address,
		  pteval_t value)
{
	s->vma = vma;
	s->address = address;
	s->value = value;
	s->entry = pte_to_swp_entry(value);
	s->write = s->major = s->shared = false;
}

static enum fault_result swap_fault(struct vm_area_struct *vma, u32 address,
				    pteval_t value, u32 error)
{
	enum fault_result result, copied;
	struct swapped s;

	begin(&s, vma, address, value);
	s.write = error & PF_WRITE;
	result = bring_in(&s, GFP_HIGHUSER);
	if (!s.write || !s.shared || !fault_is_good(result))
		return result;
	/* it is shown, and must be copied to be written */
	copied = handle_mm_fault(vma->vm_mm, vma, address, error | PF_PRESENT);
	return fault_is_good(copied) ? result : copied;
}

int swap_bring_home(struct vm_area_struct *vma, u32 address, pteval_t value)
{
	enum fault_result result;
	struct swapped s;

	begin(&s, vma, address, value);
	result = bring_in(&s, GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOWARN);
	if (result == FAULT_OOM)
		return -ENOMEM;
	return fault_is_good(result) ? 0 : -EIO;
}

/* --- for mm/space --- */

static bool copy_entry(pteval_t value)
{
	return swap_duplicate(pte_to_swp_entry(value));
}

static struct page *free_entry(pteval_t value)
{
	return swap_free_take(pte_to_swp_entry(value));
}

/* Nobody shows it any more: then its slot is of no use. */
static void unused(struct page *page)
{
	if (page_mapcount(page) || !trylock_page(page))
		return;
	remove_exclusive_swap_page(page);
	unlock_page(page);
}

/* page_table_lock is held; section 3. */
static bool reuse(struct page *page)
{
	swp_entry_t entry = { .val = (u32)page->private };
	u32 flags;
	struct swap_area *area = lock_swap_area(entry, &flags);
	bool alone;

	if (!area)
		return false;
	alone = !swap_slot_count(area, swp_offset(entry));
	barrier();
	alone = alone && page_mapcount(page) == 1;
	unlock_swap_area(area, flags);
	return alone;
}

/* --- for shared memory --- */

static u32 slot_get(void)
{
	return get_swap_page().val;
}

static void slot_put(u32 slot)
{
	swap_free((swp_entry_t){ .val = slot });
}

static void slot_is_bad(u32 slot)
{
	swap_spoil((swp_entry_t){ .val = slot });
}

static bool slot_wanted_back(u32 slot)
{
	return swap_slot_wanted_back((swp_entry_t){ .val = slot });
}

static void slot_io(u32 slot, struct page *page, bool write,
		    void (*done)(struct page *page, int error))
{
	swap_slot_io((swp_entry_t){ .val = slot }, page, write ? WRITE : READ,
		     done);
}

static bool is_of_area(u32 slot, u32 area)
{
	return slot && swp_type((swp_entry_t){ .val = slot }) == area;
}

static int bring_owners_home(u32 area)
{
	return shared_bring_home(is_of_area, area);
}

void __init swap_fault_init(void)
{
	swap_hooks = (struct swap_hooks){
		.fault = swap_fault, .copy = copy_entry, .free = free_entry,
		.reuse = reuse, .unused = unused,
		.slot_get = slot_get, .slot_put = slot_put,
		.slot_io = slot_io, .slot_is_bad = slot_is_bad,
		.slot_wanted_back = slot_wanted_back,
	};
	swap_owners_hook = bring_owners_home;
	overcommit.total_swap = total_swap_pages;
	overcommit.free_swap = nr_swap_pages;
}
