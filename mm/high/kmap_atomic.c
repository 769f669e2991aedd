/*
 * kmap_atomic(): windows on pages, for who may not sleep.
 *
 * 1. A stack of windows a CPU, in the fixmap. Interrupts come and go in between
 *    like calls, so a stack is all the order there is: opening takes the next
 *    window, closing gives back the last one. With the CPU kept, nobody but
 *    interrupts uses the stack meanwhile.
 *
 * 2. Who may be interrupted where:
 *
 *	opening		the window is taken before its entry is written: an
 *			interrupt before that leaves the entry as it likes,
 *			behind it takes the next window
 *	closing		the entry is cleared (if at all) before the window is
 *			given back
 *
 * 3. The TLB. A window is this CPU's alone: INVLPG for each opening, nobody
 *    else is told. Closing does nothing; the entry stays until the window is
 *    opened again. With debug=highmem closing clears and flushes, so a use
 *    behind it faults.
 *
 * 4. Fences. Between two windows lies a page that is never mapped, so what runs
 *    off either end of one faults instead of touching another.
 *
 * 5. The long way is for entries of 8 bytes, debug=highmem, and mistakes; the
 *    slots behind both ends of the stack lead there, so that the short way
 *    (kmap_atomic.h) needs no check of its own.
 *
 * Cost: 29 instructions for both calls.
 */
#include <kernel/base/debug.h>
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <mm/high/highmem.h>

struct kmap_slot kmap_slots[NR_CPUS][KMAP_SLOTS];
struct kmap_slot *kmap_next[NR_CPUS];
const struct page *kmap_first_high;
u32 kmap_entry_base;

/* The entries of all CPUs; the lowest address is that of FIX_KMAP_END. */
static struct pt_run run;

static void *entry_of(u32 va)
{
	return pt_run_entry(&run, (va - __fix_to_virt(FIX_KMAP_END)) >>
				  PAGE_SHIFT);
}

static struct kmap_slot *own_slots(void)
{
	return kmap_slots[smp_processor_id()];
}

/* --- the long way; the CPU is kept --- */

void *fastcall kmap_atomic_slow(const struct page *page, u32 site)
{
	struct kmap_slot *slot = kmap_next[smp_processor_id()];

	BUG_ON(slot > own_slots() + KMAP_DEPTH,
	       "kmap_atomic(): all windows of this CPU are open");
	kmap_next[smp_processor_id()] = slot + 1;
	barrier();
	pt_run_clear(&run, entry_of(slot->va));
	pt_run_set(&run, entry_of(slot->va), page_to_pfn(page));
	flush_tlb_own(slot->va);
	slot->site = site;
	return (void *)(uintptr_t)slot->va;
}

/* Which window is wrong, and which one is due: then the end. */
__noreturn static void wrong_window(u32 va, const struct kmap_slot *top)
{
	const struct kmap_slot *slot;
	char text[SYMBOL_TEXT];

	if (top > own_slots())
		pr_err("kunmap_atomic(%08x): %08x was opened last, by %s\n", va,
		       top->va, symbol_text(top->site, text));
	for (slot = own_slots() + 1; slot < top; slot++)
		BUG_ON((slot->va ^ va) < PAGE_SIZE,
		       "kunmap_atomic() in the wrong order");
	BUG("kunmap_atomic() of what is no open window");
}

void fastcall kunmap_atomic_slow(u32 va)
{
	struct kmap_slot *slot = kmap_next[smp_processor_id()] - 1;

	if (slot == own_slots() || (slot->va ^ va) >= PAGE_SIZE)
		wrong_window(va, slot);
	pt_run_clear(&run, entry_of(slot->va));
	flush_tlb_own(slot->va);
	barrier();
	kmap_next[smp_processor_id()] = slot;
}

/* --- questions --- */

u32 kmap_atomic_depth(void)
{
	return (u32)(kmap_next[smp_processor_id()] - own_slots()) - 1;
}

void kmap_atomic_forget(void)
{
	u32 flags = local_irq_save();
	const struct kmap_slot *slot;

	for (slot = kmap_next[smp_processor_id()];
	     slot <= own_slots() + KMAP_DEPTH; slot++) {
		pt_run_clear(&run, entry_of(slot->va));
		flush_tlb_own(slot->va);
	}
	local_irq_restore(flags);
}

bool kmap_atomic_info(unsigned int cpu, u32 depth, struct kmap_info *info)
{
	u32 flags = local_irq_save();
	const struct kmap_slot *slot = &kmap_slots[cpu][depth + 1];
	bool open = depth < KMAP_DEPTH && slot < kmap_next[cpu];
	struct pt_walk walk;

	if (open && pt_walk(&kernel_pgtable, slot->va, &walk))
		*info = (struct kmap_info){
			.va = slot->va,
			.pfn = (u32)(walk.phys >> PAGE_SHIFT),
			.users = 1, .site = slot->site,
		};
	else
		open = false;
	local_irq_restore(flags);
	return open;
}

/* --- boot --- */

static void init_slot(struct kmap_slot *slot, enum fixed_addresses idx)
{
	slot->va = __fix_to_virt(idx);
	if (!run.wide)
		slot->entry = entry_of(slot->va);
	if (!debug_enabled(DEBUG_HIGHMEM))
		slot->match = slot->va;
}

void kmap_atomic_init(void)
{
	unsigned int cpu, i, idx = FIX_KMAP_BEGIN + 1;
	u32 n = FIX_KMAP_END - FIX_KMAP_BEGIN + 1;
	int err = pt_run_open(&kernel_pgtable, __fix_to_virt(FIX_KMAP_END), n,
			      PAGE_KERNEL, &run);

	BUG_ON(err || run.n != n, "the fixmap has no table");
	kmap_first_high = mem_map + max_low_pfn;
	kmap_entry_base = run.low -
			  ((u32)(uintptr_t)mem_map << KMAP_ENTRY_SHIFT);
	for_each_cpu(cpu) {
		for (i = 1; i <= KMAP_DEPTH; i++, idx += 2)
			init_slot(&kmap_slots[cpu][i], idx);
		kmap_next[cpu] = &kmap_slots[cpu][1];
	}
}
