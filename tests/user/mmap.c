/*
 * mmap, munmap, mprotect, mremap: single calls, then a storm of them on 64
 * pages against a shadow that says what each page must be.
 */
#include "user.h"

#define PAGES 64
#define STEPS 6000

CASE(zeroed_and_writable)
{
	u8 *p = map(3 * PAGE);
	u32 i;

	CHECK(!is_error(p) && !((u32)p & (PAGE - 1)));
	for (i = 0; i < 3 * PAGE; i += 64)
		CHECK_EQ(p[i], 0);
	p[0] = 1;
	p[3 * PAGE - 1] = 2;
	CHECK_EQ(p[0] + p[3 * PAGE - 1], 3);
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
	CHECK(!can_write(p));
}

CASE(a_hole_in_the_middle)
{
	u8 *p = map(3 * PAGE);

	p[0] = p[2 * PAGE] = 5;
	CHECK_EQ(sys(SYS_munmap, p + PAGE, PAGE), 0);
	CHECK(can_write(p + 8) && !can_write(p + PAGE + 8));
	CHECK_EQ(p[0] + p[2 * PAGE], 10);
	/* of holes nobody complains */
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
}

CASE(what_is_refused)
{
	u8 *p = map(PAGE);

	CHECK_EQ(sys(SYS_munmap, p + 1, PAGE), -EINVAL);
	CHECK_EQ(sys(SYS_munmap, p, 0), -EINVAL);
	CHECK_EQ(sys(SYS_munmap, 0xffffe000, 0x2000), -EINVAL);
	CHECK_EQ(map_at(NULL, 0, RW, 0), -EINVAL);
	CHECK_EQ(map_at(p + 1, PAGE, RW, MAP_FIXED), -EINVAL);
	CHECK_EQ(map_at(NULL, 0xfffff000, RW, 0), -ENOMEM);
	CHECK_EQ(sys(SYS_mmap2, NULL, PAGE, RW, MAP_ANON, -1, 0), -EINVAL);
	CHECK_EQ(sys(SYS_mmap2, NULL, PAGE, RW, MAP_PRIVATE, -1, 0), -EBADF);
	CHECK_EQ(sys(SYS_mprotect, p + 1, PAGE, RW), -EINVAL);
	CHECK_EQ(sys(SYS_mprotect, p, 0, RW), 0);
	CHECK_EQ(sys(SYS_munmap, p, PAGE), 0);
	CHECK_EQ(sys(SYS_mprotect, p, PAGE, RW), -ENOMEM);
}

CASE(fixed_takes_the_place)
{
	u8 *p = map(4 * PAGE);

	memset(p, 9, 4 * PAGE);
	CHECK_EQ(map_at(p + PAGE, 2 * PAGE, RW, MAP_FIXED), p + PAGE);
	CHECK_EQ(p[PAGE - 1], 9);
	CHECK_EQ(p[PAGE], 0);
	CHECK_EQ(p[3 * PAGE - 1], 0);
	CHECK_EQ(p[3 * PAGE], 9);
	CHECK_EQ(sys(SYS_munmap, p, 4 * PAGE), 0);
}

CASE(protection)
{
	u8 *p = map(3 * PAGE);

	p[PAGE] = 3;
	CHECK_EQ(sys(SYS_mprotect, p + PAGE, PAGE, PROT_READ), 0);
	CHECK(can_write(p + 8) && can_write(p + 2 * PAGE));
	CHECK(!can_write(p + PAGE + 8) && can_read(p + PAGE + 8));
	CHECK_EQ(sys(SYS_mprotect, p, 3 * PAGE, PROT_NONE), 0);
	CHECK(!can_read(p + 16) && !can_read(p + PAGE + 8));
	CHECK_EQ(sys(SYS_mprotect, p, 3 * PAGE, RW), 0);
	CHECK_EQ(p[PAGE], 3);
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
}

CASE(remap_shrinks_and_grows)
{
	u8 *p = map(8 * PAGE);

	p[0] = 1;
	p[3 * PAGE] = 4;
	CHECK_EQ(sys(SYS_mremap, p, 8 * PAGE, 4 * PAGE, 0), p);
	CHECK(!can_write(p + 4 * PAGE));
	CHECK_EQ(sys(SYS_mremap, p, 4 * PAGE, 8 * PAGE, 0), p);
	CHECK_EQ(p[3 * PAGE], 4);
	CHECK_EQ(p[4 * PAGE], 0);
	CHECK_EQ(sys(SYS_munmap, p, 8 * PAGE), 0);
	CHECK_EQ(sys(SYS_mremap, p, PAGE, 2 * PAGE, 0), -EFAULT);
}

CASE(remap_moves)
{
	u8 *p = map(8 * PAGE), *to;
	u32 i;

	for (i = 0; i < 4; i++)
		p[i * PAGE] = (u8)(i + 1);
	/* the fifth page is in the way */
	CHECK_EQ(sys(SYS_mremap, p, 4 * PAGE, 6 * PAGE, 0), -ENOMEM);
	to = (u8 *)sys(SYS_mremap, p, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE);
	CHECK(!is_error(to) && to != p);
	for (i = 0; i < 6; i++)
		CHECK_EQ(to[i * PAGE], i < 4 ? i + 1 : 0);
	CHECK(!can_write(p + 8) && can_write(p + 4 * PAGE));
	CHECK_EQ(sys(SYS_mremap, to, 2 * PAGE, 2 * PAGE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, p), p);
	CHECK_EQ(p[PAGE], 2);
	CHECK_EQ(to[2 * PAGE], 3);
	CHECK_EQ(sys(SYS_munmap, p, 8 * PAGE), 0);
	CHECK_EQ(sys(SYS_munmap, to, 6 * PAGE), 0);
}

/* --- the storm --- */

static struct shadow {
	int prot;		/* -1: nothing is mapped */
	u32 value;		/* first word of the page */
} shadow[PAGES];

static u8 *area;

static void set_range(u32 from, u32 n, int prot, int fresh)
{
	for (; n--; from++) {
		shadow[from].prot = prot;
		if (fresh)
			shadow[from].value = 0;
	}
}

/* mprotect() stops at the first hole; what came before has changed. */
static void protect(u32 from, u32 n, int prot)
{
	u32 i, all = n;

	for (i = 0; i < all; i++)
		if (shadow[from + i].prot < 0) {
			all = i;
			break;
		}
	CHECK_EQ(sys(SYS_mprotect, area + from * PAGE, n * PAGE, prot),
		 all == n ? 0 : -ENOMEM);
	set_range(from, all, prot, 0);
}

static void touch(u32 i)
{
	volatile u32 *p = (u32 *)(area + i * PAGE);

	if (shadow[i].prot < 0 || !(shadow[i].prot & PROT_READ)) {
		CHECK(!can_read((void *)(p + 4)));
		return;
	}
	CHECK_EQ(*p, shadow[i].value);
	if (shadow[i].prot & PROT_WRITE)
		*p = shadow[i].value = 1 + random_below(1 << 20);
	else
		CHECK(!can_write((void *)(p + 2)));
}

/* A page to another place, and longer: it goes with its content, new ones are
 * zero, what was there is gone. (More than one may be more than one area: pages
 * that moved do not join with all neighbours.) */
static void move(u32 from, u32 n)
{
	u32 to = random_below(PAGES), i;
	struct shadow old = shadow[from];
	u8 *result;

	if (to + n > PAGES || (to <= from && from < to + n) || old.prot < 0)
		return;
	result = (u8 *)sys(SYS_mremap, area + from * PAGE, PAGE, n * PAGE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, area + to * PAGE);
	CHECK_EQ(result, area + to * PAGE);
	shadow[from] = (struct shadow){ -1, 0 };
	for (i = 0; i < n; i++)
		shadow[to + i] = (struct shadow){ old.prot, i ? 0 : old.value };
}

static void looks_and_writes(void *arg)
{
	u32 i;

	for (i = 0; i < PAGES; i++)
		touch(i);
}

static void step(void)
{
	static const int prots[] = { PROT_NONE, PROT_READ, RW };
	u32 from = random_below(PAGES), n = 1 + random_below(8);
	int prot = prots[random_below(3)];

	if (from + n > PAGES)
		n = PAGES - from;
	switch (random_below(12)) {
	case 8:
	case 9:
		move(from, n);
		break;
	case 10:
		if (!random_below(8))
			CHECK_EQ(in_child(looks_and_writes, NULL), EXITED(0));
		break;
	case 0:
		CHECK_EQ(sys(SYS_munmap, area + from * PAGE, n * PAGE), 0);
		set_range(from, n, -1, 1);
		break;
	case 1:
	case 2:
		CHECK_EQ(map_at(area + from * PAGE, n * PAGE, prot, MAP_FIXED),
			 area + from * PAGE);
		set_range(from, n, prot, 1);
		break;
	case 3:
		protect(from, n, prot);
		break;
	default:
		touch(from);
	}
}

CASE(storm)
{
	u32 i;

	area = map(PAGES * PAGE);
	set_range(0, PAGES, RW, 1);
	for (i = 0; i < STEPS && !failures; i++)
		step();
	for (i = 0; i < PAGES; i++)
		touch(i);
	CHECK_EQ(sys(SYS_munmap, area, PAGES * PAGE), 0);
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(zeroed_and_writable),
		LIST(a_hole_in_the_middle),
		LIST(what_is_refused),
		LIST(fixed_takes_the_place),
		LIST(protection),
		LIST(remap_shrinks_and_grows),
		LIST(remap_moves),
		LIST(storm),
	};

	(void)argc, (void)argv, (void)envp;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
