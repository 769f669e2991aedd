/*
 * kmap_atomic(): a page seen through a window of this CPU. ULK3 section 8.1.6.
 *
 * Never sleeps, works everywhere, also in handlers. Between the two calls the
 * CPU is kept: no sleeping. Windows close in the opposite order of opening;
 * what comes in between (interrupts) opens and closes its own.
 *
 * A CPU has KMAP_DEPTH of them. One more, a wrong order or an address that is
 * no open window is a BUG that says so.
 */
#ifndef MM_HIGH_KMAP_ATOMIC_H
#define MM_HIGH_KMAP_ATOMIC_H

#include <kernel/cpu/spinlock.h>
#include <kernel/cpu/tlb.h>
#include <kernel/lib/bug.h>
#include <mm/page/page.h>
#include <mm/table/fixmap.h>
#include <mm/table/layout.h>
#include <mm/table/pgtable.h>

/*
 * A window. Both shortcuts are left out where opening (8-byte entries) or
 * closing (debug=highmem) has more to do, and in the two that are none.
 */
struct kmap_slot {
	u32 *entry;	/* of the page table; NULL: open it the long way */
	u32 match;	/* the window's address; 0: close it the long way */
	u32 va;
	u32 site;	/* who opened it */
};

/* [0] and the last are none: nothing is open; all are. */
#define KMAP_SLOTS (KMAP_DEPTH + 2)
extern struct kmap_slot kmap_slots[NR_CPUS][KMAP_SLOTS];
extern struct kmap_slot *kmap_next[NR_CPUS];	/* the first closed one */

/* mem_map[max_low_pfn]: high pages are this one and those behind it. */
extern const struct page *kmap_first_high;

/* page_is_high(), as one comparison. */
static __always_inline bool kmap_is_needed(const struct page *page)
{
	return page >= kmap_first_high;
}

/*
 * An entry of 4 bytes that shows the page: PAGE_KERNEL, and its frame number
 * from bit PAGE_SHIFT on. The number is (page - mem_map) / 32, so all that does
 * not depend on the page is one constant.
 */
#define KMAP_ENTRY_SHIFT (PAGE_SHIFT - 5)
extern u32 kmap_entry_base;	/* flags - (mem_map << KMAP_ENTRY_SHIFT) */

static __always_inline u32 kmap_entry(const struct page *page)
{
	return ((u32)(uintptr_t)page << KMAP_ENTRY_SHIFT) + kmap_entry_base;
}

void *fastcall kmap_atomic_slow(const struct page *page, u32 site);
void fastcall kunmap_atomic_slow(u32 va);

/* A window for any page, high or not; the CPU is kept already. */
static __always_inline void *kmap_window_open(const struct page *page, u32 site)
{
	struct kmap_slot *slot = kmap_next[smp_processor_id()];
	u32 *entry = slot->entry;
	u32 va = slot->va;

	if (unlikely(!entry))
		return kmap_atomic_slow(page, site);
	/* barriers: from here on an interrupt takes the next one */
	barrier();
	kmap_next[smp_processor_id()]++;
	barrier();
	pt_store_narrow(entry, kmap_entry(page));
	flush_tlb_own(va);
	slot->site = site;
	return (void *)(uintptr_t)va;
}

static __always_inline void kmap_window_close(u32 va)
{
	const struct kmap_slot *slot = kmap_next[smp_processor_id()] - 1;
	bool due = (slot->match ^ va) < PAGE_SIZE;

	/* what was written is written before an interrupt may take it */
	barrier();
	if (likely(due))
		kmap_next[smp_processor_id()]--;
	else
		kunmap_atomic_slow(va);
}

/* Where the page is seen until kunmap_atomic(). Lowmem needs no window. */
static __always_inline void *kmap_atomic(const struct page *page)
{
	preempt_disable();
	if (!kmap_is_needed(page))
		return lowmem_page_address(page);
	return kmap_window_open(page, spin_site());
}

/* va: any address in what kmap_atomic() gave. */
static __always_inline void kunmap_atomic(const void *va)
{
	if ((u32)(uintptr_t)va >= memory_layout.high_memory)
		kmap_window_close((u32)(uintptr_t)va);
	preempt_enable();
}

/* Once, in boot. */
void kmap_atomic_init(void);

/* Windows of this CPU that are open: those of who asks and of whom he
 * interrupted. */
u32 kmap_atomic_depth(void);

/*
 * What closed windows of this CPU still show goes out of the page tables. Any
 * context. (A window keeps its entry until it is opened again.)
 */
void kmap_atomic_forget(void);

#endif
