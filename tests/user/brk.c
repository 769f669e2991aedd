/* The heap's end: it moves, pages above it are gone, and come back zeroed. */
#include "user.h"

CASE(moves_up_and_down)
{
	u32 first = sys(SYS_brk, 0);

	CHECK_EQ(sys(SYS_brk, first + 3 * PAGE), first + 3 * PAGE);
	((u8 *)first)[3 * PAGE - 1] = 7;
	CHECK_EQ(((u8 *)first)[PAGE], 0);
	CHECK_EQ(sys(SYS_brk, first), first);
	CHECK_EQ(sys(SYS_brk, 0), first);
}

CASE(bytes_count_not_pages)
{
	u32 first = sys(SYS_brk, 0);

	CHECK_EQ(sys(SYS_brk, first + 1), first + 1);
	CHECK_EQ(sys(SYS_brk, first + 2), first + 2);
	CHECK_EQ(sys(SYS_brk, first), first);
}

CASE(comes_back_zeroed)
{
	u32 first = sys(SYS_brk, 0), base = (first + PAGE - 1) & ~(PAGE - 1);
	u32 i;

	for (i = 0; i < 8; i++) {
		CHECK_EQ(sys(SYS_brk, base + 4 * PAGE), base + 4 * PAGE);
		CHECK_EQ(((u8 *)base)[2 * PAGE], 0);
		memset((u8 *)base, 0x55, 4 * PAGE);
		CHECK_EQ(sys(SYS_brk, base), base);
		CHECK(!can_write((u8 *)base + 2 * PAGE));
	}
	CHECK_EQ(sys(SYS_brk, first), first);
}

CASE(refuses_what_it_cannot)
{
	u32 first = sys(SYS_brk, 0);

	/* the answer is where it is now, not an error */
	CHECK_EQ(sys(SYS_brk, 0xfffff000), first);
	CHECK_EQ(sys(SYS_brk, 4096), first);
}

/* Pages in its way stop it. */
CASE(stops_at_a_mapping)
{
	u32 first = sys(SYS_brk, 0), base = (first + PAGE - 1) & ~(PAGE - 1);
	u8 *wall = (u8 *)base + 16 * PAGE;

	CHECK_EQ(map_at(wall, PAGE, RW, MAP_FIXED), wall);
	CHECK_EQ(sys(SYS_brk, base + 20 * PAGE), first);
	CHECK_EQ(sys(SYS_brk, base + 8 * PAGE), base + 8 * PAGE);
	CHECK_EQ(sys(SYS_brk, first), first);
	CHECK_EQ(sys(SYS_munmap, wall, PAGE), 0);
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(moves_up_and_down),
		LIST(bytes_count_not_pages),
		LIST(comes_back_zeroed),
		LIST(refuses_what_it_cannot),
		LIST(stops_at_a_mapping),
	};

	(void)argc, (void)argv, (void)envp;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
