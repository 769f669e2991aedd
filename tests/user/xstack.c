/*
 * A program that asks for a stack that can be executed: it is linked so (see
 * the Makefile). Its data get no more rights by that.
 */
#include "user.h"

#define RETURN 0xc3

static void runs_its_stack(void *arg)
{
	volatile u8 code[4] = { RETURN };

	((void (*)(void))code)();
}

CASE(the_stack_is_executed)
{
	CHECK_EQ(in_child(runs_its_stack, NULL), EXITED(0));
}

static __attribute__((noinline)) u32 deeper(u32 kb)
{
	volatile u8 kilobyte[1024];

	kilobyte[0] = RETURN;
	((void (*)(void))kilobyte)();
	return kb ? deeper(kb - 1) + kilobyte[0] : 0;
}

static void goes_down(void *kb)
{
	deeper((u32)kb);
}

CASE(and_what_it_grows_to)
{
	CHECK_EQ(in_child(goes_down, (void *)256), EXITED(0));
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(the_stack_is_executed),
		LIST(and_what_it_grows_to),
	};

	(void)argc, (void)argv, (void)envp;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
