/*
 * The x87 (and SSE) registers of processes. The kernel uses none of them.
 *
 * 1. They are one process's until another one wants them: the owner's. Whoever
 *    gets the CPU and is not the owner gets it with CR0.TS set, so that his
 *    first instruction that would touch them is an exception (vector 7). Only
 *    then are the owner's saved and his own loaded. Most processes never do.
 *
 *	CR0.TS	runs
 *	0	the owner
 *	1	any other process
 *	any	a thread of the kernel: it does not look
 *
 * 2. A process has room for them from its first such instruction on, and begins
 *    with what FNINIT makes. Where the CPU has no FPU CR0.EM is set, and the
 *    exception is the process's end.
 *
 * 3. FXSAVE where CPUID says so (it wants addresses of 16), else FNSAVE, which
 *    also clears the registers: nobody needs them then.
 *
 * There is one CPU. With several, who leaves one is saved there.
 * SDM volume 3A, sections 2.5 and 13.4. No lock: interrupts off.
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <kernel/user/internal.h>
#include <mm/object/slab.h>

#define FPU_BYTES 512
#define FPU_ALIGN 16
#define MXCSR_AT 24
#define MXCSR_DEFAULT 0x1f80U	/* no exceptions; SDM volume 1, 10.2.3 */

struct fpu_state {
	u8 bytes[FPU_BYTES] __aligned(FPU_ALIGN);
};

static struct kmem_cache *cache;
static struct fpu_state clean;
static bool has_fxsr;
static struct process *owners[NR_CPUS];

static inline void clear_ts(void)
{
	__asm__ volatile("clts" : : : "memory");
}

static void save(struct fpu_state *to)
{
	if (has_fxsr)
		__asm__ volatile("fxsave %0" : "=m"(*to));
	else
		__asm__ volatile("fnsave %0; fwait" : "=m"(*to));
}

static void load(const struct fpu_state *from)
{
	if (has_fxsr)
		__asm__ volatile("fxrstor %0" : : "m"(*from));
	else
		__asm__ volatile("frstor %0" : : "m"(*from));
}

/* Without an FPU nobody writes the word. */
static bool is_there(void)
{
	u16 status = 0x5a5a;

	__asm__ volatile("fninit; fnstsw %0" : "+m"(status));
	return !status;
}

void fpu_init(void)
{
	const u32 mxcsr = MXCSR_DEFAULT;

	if (!is_there()) {
		write_cr0(read_cr0() | CR0_EM);
		pr_info("no FPU: programs that want one end by SIGSEGV\n");
		return;
	}
	has_fxsr = cpu_has(X86_FEATURE_FXSR);
	if (has_fxsr)
		write_cr4(read_cr4() | CR4_OSFXSR |
			  (cpu_has(X86_FEATURE_SSE) ? CR4_OSXMMEXCPT : 0));
	write_cr0(read_cr0() | CR0_MP);
	save(&clean);
	if (has_fxsr)
		memcpy(clean.bytes + MXCSR_AT, &mxcsr, sizeof(mxcsr));
	cache = kmem_cache_create("fpu_state", sizeof(struct fpu_state),
				  FPU_ALIGN, SLAB_PANIC, NULL);
}

static void take(struct process *process)
{
	struct process *owner = owners[smp_processor_id()];

	clear_ts();
	if (owner == process)
		return;
	if (owner)
		save(owner->fpu);
	load(process->fpu);
	owners[smp_processor_id()] = process;
}

bool fpu_wanted(struct process *process)
{
	if (!cache)
		return false;
	if (!process->fpu) {
		local_irq_enable();
		process->fpu = kmem_cache_alloc(cache, GFP_KERNEL);
		local_irq_disable();
		if (!process->fpu)
			return false;
		memcpy(process->fpu, &clean, sizeof(clean));
	}
	take(process);
	return true;
}

void fpu_switch(struct process *next)
{
	if (owners[smp_processor_id()] == next)
		clear_ts();
	else
		write_cr0(read_cr0() | CR0_TS);
}

int fpu_copy(struct process *to, struct process *from)
{
	u32 flags;

	if (!from->fpu)
		return 0;
	to->fpu = kmem_cache_alloc(cache, GFP_KERNEL);
	if (!to->fpu)
		return -ENOMEM;
	flags = local_irq_save();
	if (owners[smp_processor_id()] == from) {
		save(from->fpu);
		load(from->fpu);
	}
	memcpy(to->fpu, from->fpu, sizeof(*to->fpu));
	local_irq_restore(flags);
	return 0;
}

void fpu_drop(struct process *process)
{
	u32 flags = local_irq_save();

	if (owners[smp_processor_id()] == process) {
		owners[smp_processor_id()] = NULL;
		write_cr0(read_cr0() | CR0_TS);
	}
	local_irq_restore(flags);
	if (process->fpu)
		kmem_cache_free(cache, process->fpu);
	process->fpu = NULL;
}
