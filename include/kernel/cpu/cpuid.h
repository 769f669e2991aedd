/*
 * What the CPU is and can do. SDM volume 2A, CPUID; volume 1, chapter 20.
 *
 * cpu_identify() runs once in boot; boot_cpu is constant afterwards.
 */
#ifndef KERNEL_CPU_CPUID_H
#define KERNEL_CPU_CPUID_H

#include <kernel/lib/compiler.h>

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

/* How CPUID is asked: the instruction, or a test's table. */
typedef void (*cpuid_fn)(u32 leaf, struct cpuid_regs *out);

/* word * 32 + bit; word 0: leaf 1 EDX, 1: leaf 1 ECX, 2: 0x80000001 EDX */
enum cpu_feature {
	X86_FEATURE_FPU = 0,
	X86_FEATURE_PSE = 3,
	X86_FEATURE_TSC = 4,
	X86_FEATURE_MSR = 5,
	X86_FEATURE_PAE = 6,
	X86_FEATURE_CX8 = 8,
	X86_FEATURE_APIC = 9,
	X86_FEATURE_MTRR = 12,
	X86_FEATURE_PGE = 13,
	X86_FEATURE_CMOV = 15,
	X86_FEATURE_PAT = 16,
	X86_FEATURE_PSE36 = 17,
	X86_FEATURE_MMX = 23,
	X86_FEATURE_FXSR = 24,
	X86_FEATURE_SSE = 25,
	X86_FEATURE_NX = 64 + 20,
};

#define CPU_FEATURE_WORDS 3

struct cpu_info {
	bool has_cpuid;
	char vendor[13];
	char model_name[49];	/* "" where the CPU does not tell */
	u16 family;
	u8 model, stepping;
	u8 phys_bits;		/* width of a physical address: 32, 36, ... */
	u32 max_leaf, max_ext_leaf;
	u32 features[CPU_FEATURE_WORDS];
};

extern struct cpu_info boot_cpu;

/* Fills *info; ask = NULL: a CPU without CPUID (a 386, or an early 486). */
void cpu_identify(struct cpu_info *info, cpuid_fn ask);

/* The CPUID instruction, or NULL: EFLAGS.ID cannot be changed. */
cpuid_fn cpuid_instruction(void);

static inline bool cpu_info_has(const struct cpu_info *info,
				enum cpu_feature feature)
{
	return info->features[feature / 32] >> feature % 32 & 1;
}

static inline bool cpu_has(enum cpu_feature feature)
{
	return cpu_info_has(&boot_cpu, feature);
}

/*
 * CR4 came with the features that it switches; a 486 without any of them has no
 * CR4, and touching it is an invalid opcode (SDM 3A, 2.5).
 */
static inline bool cpu_has_cr4(void)
{
	const u32 switched = 1 << X86_FEATURE_PSE | 1 << X86_FEATURE_TSC |
			     1 << X86_FEATURE_PAE | 1 << X86_FEATURE_PGE;

	return boot_cpu.features[0] & switched;
}

/* The name of bit `bit` of word `word` as Linux writes it, or NULL. */
const char *cpu_feature_name(unsigned int word, unsigned int bit);

#endif
