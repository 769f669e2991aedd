/* The machine: CPUID, descriptor tables, exceptions, 8259, serial port. */
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/desc.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/page.h>
#include <kernel/cpu/pic.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/serial.h>
#include <kernel/cpu/spinlock.h>
#include <kernel/cpu/traps.h>
#include "ktest.h"

static struct cpu_info info;

TEST(cpuid, without_the_instruction)
{
	cpu_identify(&info, NULL);
	EXPECT(!info.has_cpuid);
	EXPECT_EQ(info.phys_bits, 32);
	EXPECT_EQ(info.features[0] | info.features[1] | info.features[2], 0);
	EXPECT_STREQ(info.vendor, "");
}

/* Leaves 0 and 1 only; anything higher answers as leaf 1 does. */
static void ask_pentium(u32 leaf, struct cpuid_regs *out)
{
	memset(out, 0, sizeof(*out));
	if (leaf == 0) {
		out->eax = 1;
		memcpy(&out->ebx, "Genu", 4);
		memcpy(&out->edx, "ineI", 4);
		memcpy(&out->ecx, "ntel", 4);
	} else {
		out->eax = 0x543;
		out->edx = 1 << X86_FEATURE_PSE | 1 << X86_FEATURE_TSC;
	}
}

TEST(cpuid, pentium_without_extended_leaves)
{
	cpu_identify(&info, ask_pentium);
	EXPECT(info.has_cpuid);
	EXPECT_STREQ(info.vendor, "GenuineIntel");
	EXPECT_EQ(info.family, 5);
	EXPECT_EQ(info.model, 4);
	EXPECT_EQ(info.stepping, 3);
	EXPECT(cpu_info_has(&info, X86_FEATURE_PSE));
	EXPECT(!cpu_info_has(&info, X86_FEATURE_NX));
	EXPECT_EQ(info.max_ext_leaf, 0);
	EXPECT_EQ(info.phys_bits, 32);
	EXPECT_STREQ(info.model_name, "");
}

static void ask_pentium3(u32 leaf, struct cpuid_regs *out)
{
	ask_pentium(leaf, out);
	if (leaf == 1)
		out->edx |= 1 << X86_FEATURE_PAE;
}

TEST(cpuid, pae_means_36_bits_where_nothing_is_told)
{
	cpu_identify(&info, ask_pentium3);
	EXPECT_EQ(info.phys_bits, 36);
}

static void ask_modern(u32 leaf, struct cpuid_regs *out)
{
	ask_pentium3(leaf, out);
	switch (leaf) {
	case 1:
		out->eax = 0x000306c3;	/* family 6, model 0x3c */
		break;
	case 0x80000000:
		out->eax = 0x80000008;
		break;
	case 0x80000001:
		out->edx = 1 << 20;
		break;
	case 0x80000002: case 0x80000003: case 0x80000004:
		memset(out, 'n', sizeof(*out));
		break;
	case 0x80000008:
		out->eax = 0x3027;
		break;
	}
}

TEST(cpuid, extended_leaves)
{
	cpu_identify(&info, ask_modern);
	EXPECT_EQ(info.family, 6);
	EXPECT_EQ(info.model, 0x3c);
	EXPECT(cpu_info_has(&info, X86_FEATURE_NX));
	EXPECT_EQ(info.phys_bits, 39);
	EXPECT_EQ(strlen(info.model_name), 48);
}

static u32 told_bits;

static void ask_odd_width(u32 leaf, struct cpuid_regs *out)
{
	ask_modern(leaf, out);
	if (leaf == 0x80000008)
		out->eax = told_bits;
}

TEST(cpuid, absurd_widths_are_clamped)
{
	told_bits = 0;
	cpu_identify(&info, ask_odd_width);
	EXPECT_EQ(info.phys_bits, 32);
	told_bits = 0xff;
	cpu_identify(&info, ask_odd_width);
	EXPECT_EQ(info.phys_bits, 52);
}

static void ask_family_15(u32 leaf, struct cpuid_regs *out)
{
	ask_pentium(leaf, out);
	if (leaf == 1)
		out->eax = 0x00500f21;	/* extended family 5 */
}

TEST(cpuid, extended_family)
{
	cpu_identify(&info, ask_family_15);
	EXPECT_EQ(info.family, 20);
	EXPECT_EQ(info.model, 2);
}

TEST(cpuid, names)
{
	EXPECT_STREQ(cpu_feature_name(0, X86_FEATURE_PSE), "pse");
	EXPECT_STREQ(cpu_feature_name(0, X86_FEATURE_PGE), "pge");
	EXPECT_STREQ(cpu_feature_name(2, X86_FEATURE_NX % 32), "nx");
	EXPECT(!cpu_feature_name(2, 0));
}

TEST(cpu, tables_are_virtual)
{
	struct table_register gdtr, idtr;
	u16 task;

	__asm__ volatile("sgdt %0; sidt %1; str %2"
			 : "=m"(gdtr), "=m"(idtr), "=r"(task));
	EXPECT(gdtr.base >= PAGE_OFFSET);
	EXPECT_EQ(gdtr.limit, GDT_ENTRIES * 8 - 1);
	EXPECT(idtr.base >= PAGE_OFFSET);
	EXPECT_EQ(idtr.limit, (SYSTEM_CALL_VECTOR + 1) * 8 - 1);
	EXPECT_EQ(task, __TSS_SEL);
}

/* What a program may call itself, and nothing where nothing is. */
TEST(cpu, gates_of_ring_3)
{
	struct table_register idtr;
	const u64 *gates;
	u32 i;

	__asm__ volatile("sidt %0" : "=m"(idtr));
	gates = (const u64 *)idtr.base;
	for (i = 0; i <= SYSTEM_CALL_VECTOR; i++) {
		bool calls = i == TRAP_BREAKPOINT || i == TRAP_OVERFLOW ||
			     i == SYSTEM_CALL_VECTOR;

		EXPECT_EQ(gates[i] >> 47 & 1,
			  i < NR_VECTORS || i == SYSTEM_CALL_VECTOR);
		EXPECT_EQ(gates[i] >> 45 & 3, calls ? 3 : 0);
	}
}

TEST(cpu, lines_without_a_handler_are_masked)
{
	u32 want = 0, irq;

	for (irq = 0; irq < NR_IRQS; irq++)
		if (irq != IRQ_CASCADE && !irq_action_name(irq, 0))
			want |= 1U << irq;
	EXPECT(read_eflags() & EFLAGS_IF);
	EXPECT_EQ(pic_mask() & ~(1U << IRQ_CASCADE), want);
	EXPECT_EQ(want & 1U << IRQ_TIMER, 0);
}

static void raise_divide(void *arg)
{
	__asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0) : "cc");
}

static void raise_invalid_opcode(void *arg)
{
	__asm__ volatile("ud2");
}

static void raise_breakpoint(void *arg)
{
	__asm__ volatile("int3");
}

static void raise_overflow(void *arg)
{
	__asm__ volatile("int $4");
}

static void raise_protection(void *arg)
{
	/* a selector behind the end of the GDT */
	__asm__ volatile("movl %0, %%fs" : : "r"(GDT_ENTRIES * 8));
}

static void raise_not_present(void *arg)
{
	__asm__ volatile("int $200");	/* behind the end of the IDT */
}

TEST(traps, exceptions_are_delivered)
{
	static const struct {
		void (*raise)(void *);
		unsigned int vector;
		u32 error_code;
	} cases[] = {
		{ raise_divide, TRAP_DIVIDE, 0 },
		{ raise_invalid_opcode, TRAP_INVALID_OPCODE, 0 },
		{ raise_breakpoint, TRAP_BREAKPOINT, 0 },
		{ raise_overflow, 4, 0 },
		{ raise_protection, TRAP_PROTECTION, GDT_ENTRIES * 8 },
		{ raise_not_present, TRAP_PROTECTION, 200 * 8 + 2 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct trap_record record = { 0 };

		EXPECT(!cpu_probe(cases[i].raise, NULL, &record));
		EXPECT_EQ(record.vector, cases[i].vector);
		EXPECT_EQ(record.error_code, cases[i].error_code);
		EXPECT(record.eip >= PAGE_OFFSET);
	}
}

static void do_nothing(void *arg)
{
	*(int *)arg += 1;
}

TEST(traps, probe_returns_when_nothing_happens)
{
	int called = 0;

	EXPECT(cpu_probe(do_nothing, &called, NULL));
	EXPECT_EQ(called, 1);
}

static void clobber_and_die(void *arg)
{
	__asm__ volatile("xorl %%ebx, %%ebx; xorl %%esi, %%esi;"
			 "xorl %%edi, %%edi; subl $64, %%esp; ud2"
			 : : : "ebx", "esi", "edi", "memory");
}

/* The registers a function must keep, over a fault that left it halfway. */
TEST(traps, probe_keeps_registers)
{
	volatile u32 guard[4] = { 1, 2, 3, 4 };
	u32 a = guard[0], b = guard[1], c = guard[2], d = guard[3];

	EXPECT(!cpu_probe(clobber_and_die, NULL, NULL));
	EXPECT_EQ(a, 1);
	EXPECT_EQ(b, 2);
	EXPECT_EQ(c, 3);
	EXPECT_EQ(d, 4);
}

static u32 breakpoints;

static bool fastcall count_breakpoint(struct pt_regs *regs)
{
	breakpoints++;
	regs->eax = 0x600d;
	return true;
}

TEST(traps, handler_is_called_and_returns)
{
	u32 eax = 0;

	breakpoints = 0;
	set_trap_handler(TRAP_BREAKPOINT, count_breakpoint);
	__asm__ volatile("int3" : "+a"(eax));
	set_trap_handler(TRAP_BREAKPOINT, NULL);
	EXPECT_EQ(breakpoints, 1);
	EXPECT_EQ(eax, 0x600d);
}

static u32 nmis;

static bool fastcall count_nmi(struct pt_regs *regs)
{
	nmis++;
	return true;
}

static void raise_nmi(void *arg)
{
	__asm__ volatile("int $2");
}

TEST(traps, probe_leaves_nmi_alone)
{
	nmis = 0;
	set_trap_handler(TRAP_NMI, count_nmi);
	EXPECT(cpu_probe(raise_nmi, NULL, NULL));
	set_trap_handler(TRAP_NMI, NULL);
	EXPECT_EQ(nmis, 1);
}

TEST(traps, names)
{
	EXPECT_STREQ(trap_name(TRAP_PAGE_FAULT), "page fault");
	EXPECT_STREQ(trap_name(TRAP_DOUBLE_FAULT), "double fault");
	EXPECT_STREQ(trap_name(15), "reserved exception");
	EXPECT_STREQ(trap_name(31), "reserved exception");
	EXPECT_STREQ(trap_name(NR_EXCEPTIONS), "reserved exception");
}

TEST(spinlock, takes_and_frees)
{
	spinlock_t lock = SPIN_LOCK_UNLOCKED("test");
	u32 flags;

	EXPECT(spin_trylock(&lock));
	EXPECT(!spin_trylock(&lock));
	spin_unlock(&lock);
	flags = spin_lock_irqsave(&lock);
	EXPECT_EQ(read_eflags() & EFLAGS_IF, 0);
	EXPECT(!spin_trylock(&lock));
	spin_unlock_irqrestore(&lock, flags);
	EXPECT(spin_trylock(&lock));
	spin_unlock(&lock);
}
