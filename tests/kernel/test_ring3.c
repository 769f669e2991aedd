/*
 * Ring 3: a program gets there and back by calls, interrupts and faults, keeps
 * its registers, and can end nothing but itself.
 */
#include <kernel/cpu/desc.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/errno.h>
#include "flat_user.h"
#include "ktest.h"

/* PUSH of a segment register may leave what was above it (SDM 2B, PUSH). */
#define SELECTOR 0xffffU

#define EXIT "movl $1, %eax; int $0x80\n\t"

FLAT_PROGRAM(exits, "movl $42, %ebx\n\t" EXIT);
FLAT_PROGRAM(exits_large, "movl $0x12345678, %ebx; movl $252, %eax\n\t"
	     "int $0x80");

TEST(ring3, exit_status)
{
	EXPECT_EQ(FLAT_RUN(exits, NULL), STATUS_EXITED(42));
	EXPECT_EQ(FLAT_RUN(exits_large, NULL), 0x7800);
}

/* All registers but EAX, which is the result, in each of them a value. */
FLAT_PROGRAM(keeps,
	     "movl $0x11, %ebx; movl $0x22, %ecx; movl $0x33, %edx\n\t"
	     "movl $0x44, %esi; movl $0x55, %edi; movl $0x66, %ebp\n\t"
	     "movw %ds, %ax; movw %ax, %fs; movw %ax, %gs\n\t"
	     "movl $20, %eax; int $0x80\n\t"
	     "movl %eax, (%esp); movl $158, %eax; int $0x80\n\t"
	     "movl (%esp), %eax; addl $4, %esp; pushl %eax; popl %ebx\n\t"
	     EXIT);

TEST(ring3, a_call_keeps_registers)
{
	struct pt_regs start, r;
	struct process *process;
	u32 pid;

	REQUIRE(flat_begin(keeps, keeps_end));
	user_regs(&start, FLAT_CODE, FLAT_STACK_TOP - 4);
	process = process_start(&start, "keeps");
	REQUIRE(process);
	pid = process->task->pid;
	process_join(process, &r);
	flat_end();
	EXPECT_EQ(r.ebx, pid);
	EXPECT_EQ(r.ecx, 0x22);
	EXPECT_EQ(r.edx, 0x33);
	EXPECT_EQ(r.esi, 0x44);
	EXPECT_EQ(r.edi, 0x55);
	EXPECT_EQ(r.ebp, 0x66);
	EXPECT_EQ(r.esp, FLAT_STACK_TOP);
	EXPECT_EQ(r.ds & SELECTOR, __USER_DS);
	EXPECT_EQ(r.fs & SELECTOR, __USER_DS);
	EXPECT_EQ(r.gs & SELECTOR, __USER_DS);
	EXPECT_EQ(r.cs, __USER_CS);
	EXPECT_EQ(r.ss, __USER_DS);
	EXPECT_EQ(r.eip, FLAT_CODE + (keeps_end - keeps));
}

FLAT_PROGRAM(calls_what_is_not_there,
	     "movl $9999, %eax; int $0x80; movl %eax, %esi\n\t"
	     "movl $-1, %eax; int $0x80; movl %eax, %edi\n\t"
	     "movl $0, %eax; int $0x80; movl %eax, %edx\n\t" EXIT);

TEST(ring3, no_such_call)
{
	struct pt_regs r;

	EXPECT_EQ(FLAT_RUN(calls_what_is_not_there, &r), 0);
	EXPECT_EQ(r.esi, (u32)-ENOSYS);
	EXPECT_EQ(r.edi, (u32)-ENOSYS);
	EXPECT_EQ(r.edx, (u32)-ENOSYS);
}

/* --- faults --- */

#define FAULTS(name, text, signal)					\
	FLAT_PROGRAM(program_##name, text);				\
	TEST(ring3, name)						\
	{								\
		EXPECT_EQ(FLAT_RUN(program_##name, NULL),		\
			  STATUS_KILLED(signal));			\
	}

FAULTS(null_pointer, "movl 0, %eax", SIGSEGV)
FAULTS(write_to_code, "call 1f\n1:\tpopl %eax; movl %eax, (%eax)", SIGSEGV)
FAULTS(read_of_the_kernel, "movl 0xc0100000, %eax", SIGSEGV)
FAULTS(write_to_the_kernel, "movl %eax, 0xc0400000", SIGSEGV)
FAULTS(jump_to_the_kernel, "movl $0xc0100000, %eax; jmp *%eax", SIGSEGV)
FAULTS(stack_in_the_kernel, "movl $0xc0400000, %esp; pushl %eax", SIGSEGV)
FAULTS(divides_by_zero, "xorl %ecx, %ecx; divl %ecx", SIGFPE)
FAULTS(undefined, "ud2", SIGILL)
FAULTS(breakpoint, "int3", SIGTRAP)
FAULTS(single_step, "pushfl; orl $0x100, (%esp); popfl; nop; nop", SIGTRAP)
FAULTS(overflow, "movb $0x7f, %al; addb $1, %al; into", SIGSEGV)
FAULTS(clears_interrupts, "cli", SIGSEGV)
FAULTS(halts, "hlt", SIGSEGV)
FAULTS(port, "inb $0x21, %al", SIGSEGV)
FAULTS(control_register, "movl %cr3, %eax", SIGSEGV)
FAULTS(raises_an_interrupt, "int $0x20", SIGSEGV)
FAULTS(raises_a_page_fault, "int $14", SIGSEGV)
FAULTS(raises_a_double_fault, "int $8", SIGSEGV)
FAULTS(raises_what_is_between, "int $0x7f", SIGSEGV)
FAULTS(raises_what_is_behind, "int $0x81", SIGSEGV)
FAULTS(kernel_segment, "movl $0x68, %eax; movl %eax, %ds", SIGSEGV)
FAULTS(far_call_of_a_tss, "lcall $0x80, $0", SIGSEGV)

/* A fault with nothing that could be a stack: the kernel has its own. */
FAULTS(without_a_stack, "xorl %esp, %esp; ud2", SIGILL)

/* --- flags and segments --- */

/* Direction, nested task, alignment check: none may reach the kernel. */
FLAT_PROGRAM(sets_flags, "pushfl; orl $0x44400, (%esp); popfl\n\t"
	     "movl $20, %eax; int $0x80; movl $158, %eax; int $0x80\n\t"
	     "pushfl; popl %esi; movl $7, %ebx\n\t" EXIT);

TEST(ring3, odd_flags)
{
	struct pt_regs r;

	EXPECT_EQ(FLAT_RUN(sets_flags, &r), STATUS_EXITED(7));
	EXPECT_EQ(r.esi & 0x4400, 0x4400);
}

/* What it cannot have back becomes the null selector. */
TEST(ring3, a_segment_that_went)
{
	struct pt_regs start, r;
	struct process *process;

	REQUIRE(flat_begin(exits, exits_end));
	user_regs(&start, FLAT_CODE, FLAT_STACK_TOP);
	start.gs = 0xfff3;
	start.fs = __KERNEL_DS;
	start.es = __USER_CS;
	process = process_start(&start, "segments");
	REQUIRE(process);
	EXPECT_EQ(process_join(process, &r), STATUS_EXITED(42));
	flat_end();
	EXPECT_EQ(r.gs & SELECTOR, 0);
	EXPECT_EQ(r.fs & SELECTOR, 0);
	EXPECT_EQ(r.es & SELECTOR, __USER_CS);
}

/*
 * A segment of its own, with EDX as its base; GS is left loaded, so that the
 * kernel is entered with it.
 */
FLAT_PROGRAM(has_a_segment,
	     "movl %ecx, (%esp)\n\t"
	     "pushl $0x51; pushl $0xfffff; pushl %esp; pushl $-1\n\t"
	     "movl %esp, %ebx; movl $243, %eax; int $0x80\n\t"
	     "movl %eax, %esi; movl (%esp), %edi\n\t"
	     "leal 3(,%edi,8), %eax; movl %eax, %gs; movl %gs:8, %ebp\n\t"
	     "movl $158, %eax; int $0x80; movl %gs:8, %edx\n\t" EXIT);

TEST(ring3, a_segment_of_its_own)
{
	static const u64 none[GDT_TLS_ENTRIES];
	struct process *process[2];
	struct pt_regs start, r;
	u32 i, flags;

	REQUIRE(flat_begin(has_a_segment, has_a_segment_end));
	for (i = 0; i < 2; i++) {
		user_regs(&start, FLAT_CODE, FLAT_STACK_TOP - 4 - 256 * i);
		start.ecx = 1234 + i;
		process[i] = process_start(&start, "tls");
		REQUIRE(process[i]);
	}
	for (i = 0; i < 2; i++) {
		process_join(process[i], &r);
		EXPECT_EQ(r.esi, 0);
		EXPECT_EQ(r.edi, GDT_ENTRY_TLS);
		EXPECT_EQ(r.gs & SELECTOR, GDT_ENTRY_TLS * 8 + 3);
		EXPECT_EQ(r.ebp, 1234 + i);
		EXPECT_EQ(r.edx, 1234 + i);
	}
	flat_end();
	/* the kernel must not miss them: ticks save and load GS */
	flags = local_irq_save();
	set_tls(none);
	local_irq_restore(flags);
	mdelay(30);
}

/* --- interrupts --- */

FLAT_PROGRAM(spins, "1:\tincl %ecx; movl %ecx, %eax; movl %ecx, %edx\n\t"
	     "cmpl %eax, %edx; jne 2f; testl %ecx, %ecx; jnz 1b\n"
	     "2:\tmovl %esi, %ebx\n\t" EXIT);

#define SPINNERS 3U
#define SPINS 4000000U

/* Several that never wait: each gets its time, and none sees the others. */
TEST(ring3, interrupts_and_preemption)
{
	struct process *process[SPINNERS];
	struct pt_regs start, r;
	u32 i, n = 0, begin = jiffies;

	REQUIRE(flat_begin(spins, spins_end));
	for (i = 0; i < SPINNERS; i++) {
		user_regs(&start, FLAT_CODE, FLAT_STACK_TOP);
		start.esi = i + 1;
		start.ecx = 0 - (SPINS << i);
		process[i] = process_start(&start, "spins");
		n += process[i] != NULL;
	}
	for (i = 0; i < n; i++) {
		EXPECT_EQ(process_join(process[i], &r), STATUS_EXITED(i + 1));
		EXPECT_EQ(r.ecx, 0);
	}
	flat_end();
	EXPECT_EQ(n, SPINNERS);
	EXPECT(jiffies != begin);
}

/* --- the FPU --- */

/* ESI is converted, kept in a register over many calls, and must come back. */
FLAT_PROGRAM(counts_in_the_fpu,
	     "pushl %esi; fildl (%esp)\n"
	     "1:\tmovl $158, %eax; int $0x80\n\t"
	     "fistl (%esp); cmpl %esi, (%esp); jne 2f\n\t"
	     "decl %edi; jnz 1b; movl $1, %ebx\n"
	     "2:\t" EXIT);

TEST(ring3, each_has_its_own_fpu)
{
	struct process *process[SPINNERS];
	struct pt_regs start;
	u32 i, n = 0;

	REQUIRE(flat_begin(counts_in_the_fpu, counts_in_the_fpu_end));
	for (i = 0; i < SPINNERS; i++) {
		user_regs(&start, FLAT_CODE, FLAT_STACK_TOP - 64 * i);
		start.esi = 1000 + i;
		start.edi = 2000;
		process[i] = process_start(&start, "fpu");
		n += process[i] != NULL;
	}
	for (i = 0; i < n; i++)
		EXPECT_EQ(process_join(process[i], NULL), STATUS_EXITED(1));
	flat_end();
	EXPECT_EQ(n, SPINNERS);
}

/* What the last one left is no other's: the stack of registers is empty. */
FLAT_PROGRAM(leaves_a_number, "fldpi; fldpi; movl $3, %ebx\n\t" EXIT);
FLAT_PROGRAM(looks_at_the_fpu, "fnstenv -32(%esp); movl -24(%esp), %ebx\n\t"
	     "movl -32(%esp), %esi\n\t" EXIT);

TEST(ring3, a_clean_fpu)
{
	struct pt_regs r;

	EXPECT_EQ(FLAT_RUN(leaves_a_number, NULL), STATUS_EXITED(3));
	EXPECT_EQ(FLAT_RUN(looks_at_the_fpu, &r), STATUS_EXITED(0xff));
	EXPECT_EQ(r.ebx & 0xffff, 0xffff);
	EXPECT_EQ(r.esi & 0xffff, 0x37f);
}

FAULTS(fpu_exception, "fninit; pushl $0x37b; fldcw (%esp)\n\t"
       "fld1; fldz; fdivrp; fwait", SIGFPE)

/* --- many --- */

TEST(ring3, a_hundred_in_a_row)
{
	u32 i;

	for (i = 0; i < 100; i++)
		EXPECT_EQ(FLAT_RUN(exits, NULL), STATUS_EXITED(42));
}
