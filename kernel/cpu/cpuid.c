/*
 * 1. CPUID is there if EFLAGS.ID can be changed. Where it is not, the CPU is a
 *    386 or an early 486: no feature bits, no CR4, 32-bit addresses.
 * 2. Leaf 0 gives the vendor and the highest leaf, leaf 1 family and features,
 *    0x80000001 the extended features (NX), 0x80000002-4 the name, 0x80000008
 *    the width of physical addresses. Without that leaf the width is 36 with
 *    PAE and 32 without (SDM 3A, 4.1.4); paging probes before it trusts 36.
 */
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/processor.h>
#include <kernel/lib/string.h>

struct cpu_info boot_cpu;

static const char *const feature_names[CPU_FEATURE_WORDS][32] = {
	{
		"fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce",
		"cx8", "apic", NULL, "sep", "mtrr", "pge", "mca", "cmov",
		"pat", "pse36", "pn", "clflush", NULL, "dts", "acpi", "mmx",
		"fxsr", "sse", "sse2", "ss", "ht", "tm", "ia64", "pbe",
	}, {
		"pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx",
		"smx", "est", "tm2", "ssse3", "cid", "sdbg", "fma", "cx16",
		"xtpr", "pdcm", NULL, "pcid", "dca", "sse4_1", "sse4_2",
		"x2apic", "movbe", "popcnt", "tsc_deadline_timer", "aes",
		"xsave", "osxsave", "avx", "f16c", "rdrand", "hypervisor",
	}, {
		[11] = "syscall", [19] = "mp", [20] = "nx", [22] = "mmxext",
		[25] = "fxsr_opt", [26] = "pdpe1gb", [27] = "rdtscp",
		[29] = "lm", [30] = "3dnowext", [31] = "3dnow",
	},
};

static void cpuid(u32 leaf, struct cpuid_regs *out)
{
	__asm__ volatile("cpuid"
			 : "=a"(out->eax), "=b"(out->ebx), "=c"(out->ecx),
			   "=d"(out->edx)
			 : "a"(leaf), "c"(0));
}

cpuid_fn cpuid_instruction(void)
{
	u32 old = read_eflags(), flipped;

	write_eflags(old ^ EFLAGS_ID);
	flipped = read_eflags();
	write_eflags(old);
	return (old ^ flipped) & EFLAGS_ID ? cpuid : NULL;
}

static void identify_family(struct cpu_info *info, u32 signature)
{
	info->family = signature >> 8 & 0xf;
	info->model = signature >> 4 & 0xf;
	info->stepping = signature & 0xf;
	if (info->family == 6 || info->family == 15)
		info->model += (signature >> 16 & 0xf) << 4;
	if (info->family == 15)
		info->family += signature >> 20 & 0xff;
}

static void identify_name(struct cpu_info *info, cpuid_fn ask)
{
	struct cpuid_regs regs;
	u32 i;

	for (i = 0; i < 3; i++) {
		ask(0x80000002 + i, &regs);
		memcpy(info->model_name + i * 16, &regs, 16);
	}
	info->model_name[48] = '\0';
}

/* What an entry can hold, whatever a virtual machine makes up. */
static u8 clamp_bits(u32 bits)
{
	return (u8)max(32U, min(bits, 52U));
}

static void identify_extended(struct cpu_info *info, cpuid_fn ask)
{
	struct cpuid_regs regs;

	ask(0x80000000, &regs);
	/* A CPU without extended leaves answers with its last basic one. */
	if (regs.eax >> 16 != 0x8000)
		return;
	info->max_ext_leaf = regs.eax;
	if (regs.eax >= 0x80000001) {
		struct cpuid_regs one;

		ask(0x80000001, &one);
		info->features[2] = one.edx;
	}
	if (regs.eax >= 0x80000004)
		identify_name(info, ask);
	if (regs.eax >= 0x80000008) {
		ask(0x80000008, &regs);
		info->phys_bits = clamp_bits(regs.eax & 0xff);
	}
}

void cpu_identify(struct cpu_info *info, cpuid_fn ask)
{
	struct cpuid_regs regs;

	memset(info, 0, sizeof(*info));
	info->phys_bits = 32;
	info->family = 4;
	if (!ask)
		return;
	info->has_cpuid = true;
	ask(0, &regs);
	info->max_leaf = regs.eax;
	memcpy(info->vendor, &regs.ebx, 4);
	memcpy(info->vendor + 4, &regs.edx, 4);
	memcpy(info->vendor + 8, &regs.ecx, 4);
	if (info->max_leaf >= 1) {
		ask(1, &regs);
		identify_family(info, regs.eax);
		info->features[0] = regs.edx;
		info->features[1] = regs.ecx;
	}
	if (cpu_info_has(info, X86_FEATURE_PAE))
		info->phys_bits = 36;
	identify_extended(info, ask);
}

const char *cpu_feature_name(unsigned int word, unsigned int bit)
{
	return feature_names[word][bit];
}
