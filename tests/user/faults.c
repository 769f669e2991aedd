/*
 * Each kind of fault ends the process that made it, by its signal, and nobody
 * else; guard pages and the stack's limit; bad pointers to the kernel.
 */
#include "user.h"

static void reads(void *p)
{
	*(volatile u8 *)p;
}

static void writes(void *p)
{
	*(volatile u8 *)p = 1;
}

static void calls(void *p)
{
	((void (*)(void))p)();
}

CASE(nothing_is_mapped_there)
{
	CHECK_EQ(in_child(reads, NULL), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(writes, (void *)0x20000), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(calls, (void *)0x30000), KILLED_BY(SIGSEGV));
}

CASE(the_kernel_is_out_of_reach)
{
	/* the last two pages are no program's on any kernel */
	CHECK_EQ(in_child(reads, (void *)0xffffe800), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(writes, (void *)0xfffff000), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(calls, (void *)0xfffff000), KILLED_BY(SIGSEGV));
}

static const u32 constant = 5;

CASE(what_is_read_only)
{
	u8 *p = map_at(NULL, PAGE, PROT_READ, 0);

	CHECK_EQ(in_child(writes, p), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(reads, p), EXITED(0));
	CHECK_EQ(in_child(writes, (void *)main), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(writes, (void *)&constant), KILLED_BY(SIGSEGV));
	CHECK_EQ(sys(SYS_munmap, p, PAGE), 0);
}

/* A write that made the page present must not keep it writable. */
CASE(read_only_after_a_write)
{
	u8 *p = map(PAGE);

	*p = 3;
	CHECK_EQ(sys(SYS_mprotect, p, PAGE, PROT_READ), 0);
	CHECK_EQ(in_child(writes, p), KILLED_BY(SIGSEGV));
	CHECK_EQ(sys(SYS_mprotect, p, PAGE, RW), 0);
	CHECK_EQ(in_child(writes, p), EXITED(0));
	CHECK_EQ(*p, 3);
	CHECK_EQ(sys(SYS_munmap, p, PAGE), 0);
}

CASE(guard_pages)
{
	u8 *p = map(3 * PAGE);

	CHECK_EQ(sys(SYS_mprotect, p, PAGE, PROT_NONE), 0);
	CHECK_EQ(sys(SYS_mprotect, p + 2 * PAGE, PAGE, PROT_NONE), 0);
	CHECK_EQ(in_child(writes, p + PAGE), EXITED(0));
	CHECK_EQ(in_child(writes, p + PAGE - 1), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(reads, p + 2 * PAGE), KILLED_BY(SIGSEGV));
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
}

static void divides(void *arg)
{
	__asm__ volatile("xorl %%ecx, %%ecx; divl %%ecx"
			 : : : "eax", "ecx", "edx");
}

static void is_undefined(void *arg)
{
	__asm__ volatile("ud2");
}

static void wants_ring_0(void *arg)
{
	__asm__ volatile("cli");
}

static void wants_a_port(void *arg)
{
	__asm__ volatile("outb %%al, $0x80" : : : "memory");
}

static void raises_another_vector(void *arg)
{
	__asm__ volatile("int $0x21");
}

static void loads_a_kernel_segment(void *arg)
{
	__asm__ volatile("movl $0x60, %%eax; movl %%eax, %%ds" : : : "eax");
}

CASE(instructions)
{
	CHECK_EQ(in_child(divides, NULL), KILLED_BY(SIGFPE));
	CHECK_EQ(in_child(is_undefined, NULL), KILLED_BY(SIGILL));
	CHECK_EQ(in_child(wants_ring_0, NULL), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(wants_a_port, NULL), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(raises_another_vector, NULL), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(loads_a_kernel_segment, NULL), KILLED_BY(SIGSEGV));
}

static void kills_itself(void *signal)
{
	sys(SYS_kill, sys(SYS_getpid), signal);
}

CASE(signals_to_itself)
{
	CHECK_EQ(in_child(kills_itself, (void *)SIGKILL), KILLED_BY(SIGKILL));
	CHECK_EQ(in_child(kills_itself, (void *)SIGBUS), KILLED_BY(SIGBUS));
	CHECK_EQ(in_child(kills_itself, (void *)SIGSEGV), KILLED_BY(SIGSEGV));
}

/* --- the stack --- */

static __attribute__((noinline)) u32 deeper(u32 kb)
{
	volatile u8 kilobyte[1024];

	kilobyte[0] = (u8)kb;
	return kb ? deeper(kb - 1) + kilobyte[0] : 0;
}

static void goes_down(void *kb)
{
	deeper((u32)kb);
}

CASE(the_stack_grows)
{
	CHECK_EQ(in_child(goes_down, (void *)1024), EXITED(0));
}

/* 8 MB unless told otherwise, here and there. */
CASE(up_to_its_limit)
{
	CHECK_EQ(in_child(goes_down, (void *)(16 * 1024)), KILLED_BY(SIGSEGV));
}

/* --- pointers --- */

CASE(bad_pointers)
{
	static const u32 bad[] = { 0, 0x20000, 0xffffe000, 0xfffff800,
				   0xfffffffc };
	u32 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		void *p = (void *)bad[i];

		CHECK_EQ(sys(SYS_uname, p), -EFAULT);
		CHECK_EQ(sys(SYS_nanosleep, p, NULL), -EFAULT);
		CHECK_EQ(sys(SYS_clock_gettime, 0, p), -EFAULT);
		CHECK_EQ(sys(SYS_mincore, map(PAGE), PAGE, p), -EFAULT);
	}
}

/* Half of it is there. */
CASE(a_pointer_across_the_edge)
{
	u8 *p = map(2 * PAGE);

	CHECK_EQ(sys(SYS_munmap, p + PAGE, PAGE), 0);
	CHECK_EQ(sys(SYS_uname, p + PAGE - 100), -EFAULT);
	CHECK_EQ(sys(SYS_uname, p), 0);
	CHECK_EQ(sys(SYS_munmap, p, PAGE), 0);
}

CASE(no_such_call)
{
	CHECK_EQ(sys(9999), -ENOSYS);
	CHECK_EQ(sys(-1), -ENOSYS);
	CHECK_EQ(sys(0x7fffffff), -ENOSYS);
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(nothing_is_mapped_there),
		LIST(the_kernel_is_out_of_reach),
		LIST(what_is_read_only),
		LIST(read_only_after_a_write),
		LIST(guard_pages),
		LIST(instructions),
		LIST(signals_to_itself),
		LIST(the_stack_grows),
		LIST(up_to_its_limit),
		LIST(bad_pointers),
		LIST(a_pointer_across_the_edge),
		LIST(no_such_call),
	};

	(void)argc, (void)argv, (void)envp;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
