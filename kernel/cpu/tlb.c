/*
 * 1. Three strengths. INVLPG drops one page, whatever its size, global or not.
 *    A CR3 reload drops all but global pages. Changing CR4.PGE drops all; on a
 *    CPU without PGE a CR3 reload does.
 * 2. A range is flushed page by page up to RANGE_LIMIT pages, then as a whole.
 * 3. QEMU drops global pages on a CR3 reload, too; hardware and Bochs do not:
 *    a missing flush_tlb_all() is seen there only.
 */
#include <kernel/cpu/page.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/tlb.h>
#include <kernel/lock.h>

#define RANGE_LIMIT 33		/* guessed; Linux found it a fair one */

enum flush { FLUSH_ONE, FLUSH_PAGES, FLUSH_LOCAL, FLUSH_ALL };

static spinlock_t tlb_lock = SPIN_LOCK_UNLOCKED("tlb_lock");
static struct tlb_counts counts;
u32 tlb_own_flushes[NR_CPUS];

static void invlpg(u32 addr)
{
	__asm__ volatile("invlpg (%0)" : : "r"(addr) : "memory");
}

static void flush_global(void)
{
	u32 cr4;

	if (!cpu_has_cr4() || !((cr4 = read_cr4()) & CR4_PGE)) {
		write_cr3(read_cr3());
		return;
	}
	write_cr4(cr4 & ~CR4_PGE);
	write_cr4(cr4);
}

/* The one place that flushes, but for what is a CPU's own; other CPUs will be
 * told from here. Inline: what, a constant. */
static __always_inline void send_flush(enum flush what, u32 start, u32 end)
{
	u32 flags = spin_lock_irqsave(&tlb_lock);

	switch (what) {
	case FLUSH_ONE:
		invlpg(start);
		counts.one++;
		break;
	case FLUSH_PAGES:
		/* not "<": end is 0 behind the last page */
		for (; start != end; start += PAGE_SIZE) {
			invlpg(start);
			counts.one++;
		}
		break;
	case FLUSH_LOCAL:
		write_cr3(read_cr3());
		counts.local++;
		break;
	case FLUSH_ALL:
		flush_global();
		counts.all++;
		break;
	}
	spin_unlock_irqrestore(&tlb_lock, flags);
}

void fastcall flush_tlb_one(u32 addr)
{
	send_flush(FLUSH_ONE, addr, 0);
}

void flush_tlb_range(u32 start, u32 end)
{
	start &= PAGE_MASK;
	end = PAGE_ALIGN(end);
	if ((end - start) / PAGE_SIZE > RANGE_LIMIT)
		send_flush(FLUSH_ALL, 0, 0);
	else
		send_flush(FLUSH_PAGES, start, end);
}

void flush_tlb_local(void)
{
	send_flush(FLUSH_LOCAL, 0, 0);
}

void flush_tlb_all(void)
{
	send_flush(FLUSH_ALL, 0, 0);
}

struct tlb_counts tlb_counts(void)
{
	struct tlb_counts sum = counts;
	unsigned int cpu;

	for_each_cpu(cpu)
		sum.one += tlb_own_flushes[cpu];
	return sum;
}
