/*
 * sleep [SECONDS]: has touched some memory, and waits: for who wants to look at
 * a process. Without a number it reports, and does not wait.
 */
#include "user.h"

int main(int argc, char **argv, char **envp)
{
	const u32 time[2] = { argc > 1 ? number(argv[1]) : 0, 0 };
	u8 *heap = (u8 *)sys(SYS_brk, 0);
	u8 *p = map(4 * PAGE);

	(void)envp;
	p[0] = p[2 * PAGE] = 1;
	sys(SYS_mprotect, p + 2 * PAGE, PAGE, PROT_READ);
	sys(SYS_brk, heap + PAGE);
	heap[0] = 1;
	if (argc > 1)
		return (int)sys(SYS_nanosleep, time, NULL);
	print("KTAP version 1\n1..1\nok 1 sleep\n");
	return 0;
}
