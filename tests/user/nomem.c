/*
 * What becomes of a program while memory is refused: a call says so, and
 * nothing has changed; or a touch is the end of the process, and of no other.
 * Each call is tried again once. Who runs it makes one allocation fail, a
 * later one each time; on Linux, and by itself, none does.
 */
#include "user.h"

#define CHILD_STATUS 7
#define FAR (u8 *)0x60000000

static const char *self;
static u8 *pages;

/* A call that may be refused once; what it gives then counts. */
#define TRY(call, refusal) ({						\
	long first_ = (call);						\
									\
	first_ == -(refusal) ? (call) : first_;				\
})

/* Word i of the parent's pages is i + 1; one page is read-only, one far off. */
static void look(void)
{
	u32 i;

	for (i = 0; i < 4; i++)
		CHECK_EQ(*(u32 *)(pages + i * PAGE), i + 1);
}

static void fill(void)
{
	u32 i;

	pages = (u8 *)TRY(sys(SYS_mmap2, NULL, 4 * PAGE, RW,
			      MAP_PRIVATE | MAP_ANON, -1, 0), ENOMEM);
	if (!CHECK(!is_error(pages)))
		quit(1);
	for (i = 0; i < 4; i++)
		*(u32 *)(pages + i * PAGE) = i + 1;
}

/* Splits, moves, joins. */
static void change(void)
{
	u8 *heap = (u8 *)sys(SYS_brk, 0);
	long moved;

	CHECK_EQ(TRY(sys(SYS_mprotect, pages + PAGE, PAGE, PROT_READ), ENOMEM),
		 0);
	look();
	moved = TRY(sys(SYS_mremap, pages + 2 * PAGE, PAGE, 2 * PAGE,
			MREMAP_MAYMOVE | MREMAP_FIXED, FAR), ENOMEM);
	CHECK_EQ(moved, FAR);
	CHECK_EQ(*(u32 *)FAR, 3);
	moved = TRY(sys(SYS_mremap, FAR, 2 * PAGE, PAGE,
			MREMAP_MAYMOVE | MREMAP_FIXED, pages + 2 * PAGE),
		    ENOMEM);
	CHECK_EQ(moved, pages + 2 * PAGE);
	look();
	CHECK_EQ(TRY(sys(SYS_mprotect, pages, 4 * PAGE, RW), ENOMEM), 0);
	CHECK_EQ(TRY(sys(SYS_madvise, pages + PAGE, PAGE, MADV_DONTFORK),
		     ENOMEM), 0);
	CHECK_EQ(TRY(sys(SYS_madvise, pages + PAGE, PAGE, MADV_DOFORK),
		     ENOMEM), 0);
	/* refused in the middle of it memory is short in another way */
	CHECK_EQ(TRY(TRY(sys(SYS_mlock, pages, PAGE), ENOMEM), EAGAIN), 0);
	CHECK_EQ(TRY(sys(SYS_munlock, pages, PAGE), ENOMEM), 0);
	/* brk() has no error: the old end is the refusal */
	if ((u8 *)sys(SYS_brk, heap + PAGE) != heap + PAGE)
		CHECK_EQ(sys(SYS_brk, heap + PAGE), heap + PAGE);
	look();
}

static void execs(void)
{
	const char *argv[] = { self, "child", NULL };
	const char *envp[] = { NULL };

	*(u32 *)pages = 100;
	sys(SYS_execve, self, argv, envp);
	/* it was refused: this program is still there */
	if (*(u32 *)pages != 100)
		quit(1);
	sys(SYS_execve, self, argv, envp);
	quit(2);
}

/* One child that writes and execs, and, if it was killed, one more. */
static void fork_and_exec(void)
{
	int status = SIGKILL, tries = 2;
	long pid;

	while (status == SIGKILL && tries--) {
		pid = TRY(sys(SYS_fork), ENOMEM);
		if (!pid)
			execs();
		if (!CHECK(pid > 0))
			return;
		CHECK_EQ(sys(SYS_waitpid, pid, &status, 0), pid);
		look();
	}
	CHECK_EQ(status, EXITED(CHILD_STATUS));
}

int main(int argc, char **argv, char **envp)
{
	(void)envp;
	self = argv[0];
	if (argc == 2)
		return CHILD_STATUS;
	fill();
	change();
	fork_and_exec();
	CHECK_EQ(TRY(sys(SYS_munmap, pages + PAGE, PAGE), ENOMEM), 0);
	CHECK_EQ(TRY(sys(SYS_munmap, pages, 4 * PAGE), ENOMEM), 0);
	print("KTAP version 1\n1..1\n%s 1 nomem\n", failures ? "not ok" : "ok");
	return !!failures;
}
