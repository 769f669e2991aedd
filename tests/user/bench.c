/*
 * What memory costs a program: ticks of the time-stamp counter for each
 * operation. The same binary runs on Linux; under `qemu -icount shift=0` a tick
 * is an instruction, there and here, so the two can be compared.
 *
 *	bench			all of them, a figure each, as KTAP
 *	bench NAME OPS		one; its ticks are EDX:ECX when it ends: the
 *				kernel's own benchmarks start it so
 *
 * Each runs once to warm up, and then counts. Only what stands between two
 * now() counts: mapping and writing before, unmapping after it do not.
 */
#include "user.h"

#define FORKS 20

static void write_pages(u8 *p, u32 pages)
{
	for (; pages--; p += PAGE)
		*(volatile u32 *)p = 1;
}

static u8 *written(u32 pages)
{
	u8 *p = map(pages * PAGE);

	if (!CHECK(!is_error(p)))
		quit(1);
	write_pages(p, pages);
	return p;
}

static void unmap(u8 *p, u32 pages)
{
	CHECK_EQ(sys(SYS_munmap, p, pages * PAGE), 0);
}

static void await(int pid)
{
	int status = -1;

	CHECK_EQ(sys(SYS_waitpid, pid, &status, 0), pid);
	CHECK_EQ(status, EXITED(0));
}

/* --- one run of each: the ticks of so many operations --- */

static u64 null(u32 ops)
{
	u64 start = now();

	while (ops--)
		sys(SYS_getpid);
	return now() - start;
}

static u64 fault_write(u32 ops)
{
	u8 *p = map(ops * PAGE);
	u64 ticks = now();

	write_pages(p, ops);
	ticks = now() - ticks;
	unmap(p, ops);
	return ticks;
}

static u64 fault_read(u32 ops)
{
	u8 *p = map(ops * PAGE);
	u32 i, sum = 0;
	u64 ticks = now();

	for (i = 0; i < ops; i++)
		sum += *(volatile u32 *)(p + i * PAGE);
	ticks = now() - ticks;
	CHECK_EQ(sum, 0);
	unmap(p, ops);
	return ticks;
}

/* The child sleeps: it keeps its part of the pages meanwhile. */
static u64 cow_copy(u32 ops)
{
	static const u32 a_while[2] = { 0, 20 * 1000 * 1000 };
	u8 *p = written(ops);
	int pid = sys(SYS_fork);
	u64 ticks;

	if (!pid)
		quit(sys(SYS_nanosleep, a_while, NULL) ? 1 : 0);
	ticks = now();
	write_pages(p, ops);
	ticks = now() - ticks;
	await(pid);
	unmap(p, ops);
	return ticks;
}

static u64 cow_reuse(u32 ops)
{
	u8 *p = written(ops);
	int pid = sys(SYS_fork);
	u64 ticks;

	if (!pid)
		quit(0);
	await(pid);
	ticks = now();
	write_pages(p, ops);
	ticks = now() - ticks;
	unmap(p, ops);
	return ticks;
}

/* The call alone, of a process with so many pages that were just written. */
static u64 one_fork(u32 pages)
{
	u8 *p = written(pages);
	u64 ticks = now();
	int pid = sys(SYS_fork);

	if (!pid)
		quit(0);
	ticks = now() - ticks;
	await(pid);
	unmap(p, pages);
	return ticks;
}

static u64 fork_page(u32 ops)
{
	u64 few = one_fork(ops), many = one_fork(2 * ops);

	/* where ticks are time a large one may be the faster one */
	return many > few ? many - few : 0;
}

static u64 fork_exit_wait(u32 ops)
{
	u64 start = now();
	int pid;

	while (ops--) {
		pid = sys(SYS_fork);
		if (!pid)
			quit(0);
		await(pid);
	}
	return now() - start;
}

static u64 munmap_page(u32 ops)
{
	u8 *p = written(ops);
	u64 ticks = now();

	unmap(p, ops);
	return now() - ticks;
}

static u64 mmap_munmap(u32 ops)
{
	u64 start = now();

	while (ops--)
		unmap(map(4 * PAGE), 4);
	return now() - start;
}

/* --- altogether --- */

static const struct row {
	const char *name;
	u64 (*run)(u32 ops);
	u32 ops;
} rows[] = {
	{ "null", null, 2000 },
	{ "fault_write", fault_write, 256 },
	{ "fault_read", fault_read, 256 },
	{ "cow_copy", cow_copy, 256 },
	{ "cow_reuse", cow_reuse, 256 },
	{ "fork_page", fork_page, 256 },
	{ "fork_exit_wait", fork_exit_wait, FORKS },
	{ "munmap_page", munmap_page, 256 },
	{ "mmap_munmap", mmap_munmap, 500 },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static u64 measure(const struct row *row, u32 ops)
{
	row->run(ops);
	return row->run(ops);
}

static void show(u32 n, const struct row *row)
{
	u32 ticks = (u32)measure(row, row->ops);

	print("%s %u %s # %u.%u ticks\n", failures ? "not ok" : "ok", n,
	      row->name, ticks / row->ops,
	      ticks % row->ops * 10 / row->ops);
}

static int only(const char *name, u32 ops)
{
	u64 ticks;
	u32 i;

	for (i = 0; i < ROWS; i++) {
		if (!same(rows[i].name, name))
			continue;
		ticks = measure(&rows[i], ops);
		sys(SYS_exit_group, !!failures, (u32)ticks,
		    (u32)(ticks >> 32));
	}
	return 2;
}

int main(int argc, char **argv, char **envp)
{
	u32 i;

	(void)envp;
	if (argc == 3)
		return only(argv[1], number(argv[2]));
	print("KTAP version 1\n1..%u\n", ROWS);
	for (i = 0; i < ROWS; i++)
		show(i + 1, &rows[i]);
	return !!failures;
}
