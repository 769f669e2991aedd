/*
 * The soak under pressure: more memory in use than there is, for a given time,
 * and every page that comes back looked at.
 *
 * 1. Who. PROCESSES of tests/user/soak.c at a time, each with a seed and a life
 *    of its own, another one in the place of each that ends; two threads that
 *    take blocks of all orders for the kernel. Together they want more than RAM
 *    has, and less than RAM and swap have.
 *
 * 2. What they have tells by itself whether it is what was left there. What
 *    processes found comes in the registers with which they end.
 *
 * 3. Books. Each CHECK_EVERY seconds all come to rest (a file says so to the
 *    processes, a flag to the threads), and mm_check() must find nothing.
 *
 * 4. The end: all ends, nothing is in swap, the ledger is compared with the one
 *    of the start.
 *
 * A disk that is marked as one for tests (disks.h) is used, too. All sleep most
 * of the time: where time can be skipped virtual hours are minutes.
 */
#include <kernel/base/cmdline.h>
#include <kernel/base/init.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/debugport.h>
#include <kernel/cpu/time.h>
#include <kernel/fs/fs.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/printf.h>
#include <kernel/monitor/monitor.h>
#include <kernel/sched/wait.h>
#include <kernel/user/process.h>
#include <mm/page/page_alloc.h>
#include <mm/page/vmstat.h>
#include <mm/report/check.h>
#include <mm/space/mm.h>
#include "disks.h"
#include "duration.h"
#include "threads.h"

#define PROCESSES 4U
#define TAKERS 2U
#define BLOCKS 24U		/* of a taker */
#define TAKER_PAGES 512U	/* guessed: it has that many at most */
#define LIFE_MOST 60U		/* seconds of a process */
#define LARGEST_MB 48U		/* of a process */
#define CHECK_EVERY 10U		/* the issue's: seconds */
#define REST 2U			/* seconds, until all have come to rest */
#define QUIET "/soak.quiet"
#define DISK_FIRST 1U		/* pages: behind the label */
#define DISK_PAGES 512U		/* of a process: tests/user/soak.c */
#define WORST 1000U		/* that many were wrong: stop */

struct block {
	u32 *at;		/* NULL: none */
	u32 order;
};

struct taker {
	u32 random, pages;
	struct block blocks[BLOCKS];
};

/* Counted by several threads: atomic. */
static atomic_t seen, bad, begun, killed, failed;

static struct {
	u32 end;		/* jiffies */
	u32 seed, mb;
	char disk[16];		/* its path, or "" */
	volatile bool quiet, ending;
	u32 checks, wrong;
} soak;

static u32 seconds_left(void)
{
	return time_before(jiffies, soak.end) ? (soak.end - jiffies) / hz : 0;
}

/* --- processes --- */

static struct process *begin_process(u32 *random, u32 place)
{
	char seed[12], life[12], mb[12], page[12];
	const char *argv[] = { "soak", seed, life, mb, soak.disk, page };
	u32 most = min(seconds_left(), LIFE_MOST);

	snprintf(seed, sizeof(seed), "%u", 1 + random_below(random, 1U << 20));
	snprintf(life, sizeof(life), "%u", 1 + random_below(random, most));
	snprintf(mb, sizeof(mb), "%u", soak.mb);
	snprintf(page, sizeof(page), "%u", DISK_FIRST + place * DISK_PAGES);
	return process_run(soak.disk[0] ? 6 : 4, argv);
}

static void note_end(u32 status, const struct pt_regs *regs)
{
	if ((status & 0x7f) == SIGKILL) {
		atomic_inc(&killed);
		return;
	}
	if (status != STATUS_EXITED(0))
		atomic_inc(&failed);
	if (!(status & 0x7f)) {
		atomic_add((s32)regs->ecx, &seen);
		atomic_add((s32)regs->edx, &bad);
	}
}

/* One process after the other, in one place. */
static int runs_processes(void *data)
{
	u32 place = (u32)(uintptr_t)data;
	u32 random = (soak.seed + place) * 2654435761U | 1;
	struct process *process;
	struct pt_regs regs;

	while (seconds_left() > 1 && !soak.ending) {
		process = begin_process(&random, place);
		if (!process) {
			msleep(500);
			continue;
		}
		atomic_inc(&begun);
		note_end(process_join(process, &regs), &regs);
	}
	return 0;
}

/* --- blocks for the kernel --- */

static u32 mark_of(const struct block *b)
{
	return (u32)(uintptr_t)b->at * 2654435761U ^ b->order;
}

static u32 words_of(const struct block *b)
{
	return (u32)(PAGE_SIZE / 4) << b->order;
}

static void take(struct taker *t, struct block *b)
{
	u32 order = random_below(&t->random, 3), i;
	struct page *page;

	if (!random_below(&t->random, 6))
		order = random_below(&t->random, 7);
	if (t->pages + (1U << order) > TAKER_PAGES)
		return;
	page = alloc_pages(GFP_KERNEL | __GFP_NOWARN |
			   (order > 3 ? __GFP_NORETRY : 0), order);
	if (!page)
		return;
	b->at = page_address(page);
	b->order = order;
	t->pages += 1U << order;
	for (i = 0; i < words_of(b); i++)
		b->at[i] = mark_of(b) + i;
}

static void give_back(struct taker *t, struct block *b)
{
	bool good = true;
	u32 i;

	for (i = 0; i < words_of(b); i++)
		good &= b->at[i] == mark_of(b) + i;
	atomic_add((s32)(1U << b->order), &seen);
	if (!good)
		atomic_inc(&bad);
	free_pages((unsigned long)b->at, b->order);
	t->pages -= 1U << b->order;
	b->at = NULL;
}

static int takes_blocks(void *data)
{
	struct taker *t = data;
	u32 i;

	while (!soak.ending) {
		struct block *b = &t->blocks[random_below(&t->random, BLOCKS)];

		if (!soak.quiet && b->at)
			give_back(t, b);
		else if (!soak.quiet)
			take(t, b);
		msleep(10 + random_below(&t->random, 150));
	}
	for (i = 0; i < BLOCKS; i++)
		if (t->blocks[i].at)
			give_back(t, &t->blocks[i]);
	return 0;
}

/* --- books --- */

/* An inode with a name says to the processes: rest. NULL: no memory. */
static struct inode *begin_quiet(void)
{
	struct inode *inode;

	soak.quiet = true;
	return ramfs_create(QUIET, 0600, &inode) ? NULL : inode;
}

static void end_quiet(struct inode *inode)
{
	if (inode) {
		path_unlink(QUIET);
		iput(inode);
	}
	soak.quiet = false;
}

static void check_books(void)
{
	struct inode *quiet = begin_quiet();

	msleep(REST * 1000);
	/* what was wrong stays so: somebody may be in the midst of it */
	if (mm_check()) {
		msleep(REST * 1000);
		soak.wrong += mm_check();
	}
	soak.checks++;
	end_quiet(quiet);
}

static void keep_going(void)
{
	u32 wrong = 0;

	while (seconds_left() > CHECK_EVERY && wrong < WORST) {
		msleep((CHECK_EVERY - REST) * 1000);
		check_books();
		wrong = soak.wrong + (u32)atomic_read(&bad);
	}
	if (wrong < WORST)
		msleep(seconds_left() * 1000);
}

/* --- all of it --- */

static void find_room(void)
{
	struct test_disk disks[TEST_DISKS_MOST];
	u32 pages = 0, swap = overcommit.free_swap ? overcommit.free_swap() : 0;
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(&machine_nodes, zone, i)
		pages += zone->free_pages;
	/* five eighths: what forks copy comes on top of it */
	pages = pages / 8 * 5 + swap / 8 * 5;
	soak.mb = min(max(pages / PROCESSES / 256, 1U), LARGEST_MB);
	soak.disk[0] = 0;
	if (find_test_disks(disks))
		snprintf(soak.disk, sizeof(soak.disk), "/dev/%s",
			 disks[0].bdev->name);
}

static void begin(u32 seconds, u32 seed)
{
	memset(&soak, 0, sizeof(soak));
	atomic_set(&seen, 0);
	atomic_set(&bad, 0);
	atomic_set(&begun, 0);
	atomic_set(&killed, 0);
	atomic_set(&failed, 0);
	soak.seed = seed;
	soak.end = jiffies + seconds * hz;
	find_room();
	printk("soak: %u processes of %u MB each%s%s\n", PROCESSES, soak.mb,
	       soak.disk[0] ? ", and " : "", soak.disk);
}

static bool begin_threads(struct crew *crew, struct taker *takers)
{
	bool all = true;
	u32 i;

	for (i = 0; i < TAKERS; i++) {
		takers[i].random = (soak.seed + 100 + i) * 2654435761U | 1;
		all &= crew_add(crew, PRIO_DEFAULT, takes_blocks, &takers[i]);
	}
	for (i = 0; i < PROCESSES; i++)
		all &= crew_add(crew, PRIO_DEFAULT, runs_processes,
				(void *)(uintptr_t)i);
	return all;
}

/* 0, or -EIO: something was found, and said. */
static int run_soak(u32 seconds, u32 seed)
{
	static struct taker takers[TAKERS];
	u32 out = vm_event_sum(PSWPOUT), in = vm_event_sum(PSWPIN);
	struct test_ledger *before = test_ledger_take();
	struct crew crew = { .n = 0 };
	bool good;

	memset(takers, 0, sizeof(takers));
	begin(seconds, seed);
	good = begin_threads(&crew, takers);
	keep_going();
	soak.ending = true;
	crew_join(&crew);
	printk("soak: %u s, seed %u: %d processes, %d killed, %d failed; %u "
	       "checks, %u wrong\n", seconds, seed, atomic_read(&begun),
	       atomic_read(&killed), atomic_read(&failed), soak.checks,
	       soak.wrong);
	printk("soak: %u pages went out, %u came back; %d were looked at, %d "
	       "differed\n", vm_event_sum(PSWPOUT) - out,
	       vm_event_sum(PSWPIN) - in, atomic_read(&seen),
	       atomic_read(&bad));
	good &= test_ledger_same(before);
	good &= !soak.wrong && !atomic_read(&bad) && !atomic_read(&failed);
	printk("soak: %s\n", good ? "all is as it was left, ledger as before" :
	       "SOMETHING IS WRONG");
	return good ? 0 : -EIO;
}

/* --- the prompt and the command line --- */

static struct duration from_boot;

static int set_soak(const char *value)
{
	return duration_of_option(value, &from_boot);
}

KERNEL_PARAM(soak, "soak", set_soak, PARAM_VALUE, "SECONDS[,SEED]",
	     "more memory in use than there is, then end the emulator");

static int try_soak(u32 seconds, u32 seed)
{
	if (path_exists("/soak"))
		return run_soak(seconds, seed);
	printk("soak: no module has its program\n");
	return -ENOENT;
}

static void run_boot_soak(void)
{
	if (from_boot.seconds)
		debug_exit(try_soak(from_boot.seconds, from_boot.seed) ?
			   DEBUG_EXIT_FAIL : DEBUG_EXIT_PASS);
}

late_initcall(run_boot_soak);

static int cmd_soak(int argc, char **argv)
{
	struct duration d;

	if (duration_of_command(argc, argv, &d))
		return -EINVAL;
	try_soak(d.seconds, d.seed);
	return 0;
}

MONITOR_COMMAND(soak, "SECONDS [SEED]",
		"more memory in use than there is", cmd_soak);
