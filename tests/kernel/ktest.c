/*
 * The test runner inside the kernel.
 *
 * 1. Cases stand in a linker section; those of one suite are run together, in
 *    link order. The report is KTAP (version 1): a plan, one line a suite, the
 *    cases indented below it.
 * 2. The ledger (ledger.h) is noted before each case and compared after it. A
 *    difference fails the case by name. Each zone's free lists are checked
 *    after each case, every page by mm_check() after the run (after each case
 *    on a small machine). Page tables of vmalloc() stay for good once made:
 *    those of the addresses that cases use are made before all.
 * 3. A panic during a run ends the machine with the code for failure; during a
 *    TEST_PANIC case whose message it carries, with the one for success.
 */
#include <boot/sections.h>
#include <kernel/base/cmdline.h>
#include <kernel/base/debug.h>
#include <kernel/base/init.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/debugport.h>
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/lockcheck.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/errno.h>
#include <kernel/monitor/monitor.h>
#include <kernel/sched/reaper.h>
#include <mm/early/memblock.h>
#include <mm/high/check.h>
#include <mm/object/check.h>
#include <mm/object/internal.h>
#include <mm/object/kmalloc.h>
#include <mm/page/check.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/oom.h>
#include <mm/report/check.h>
#include <mm/table/fixmap.h>
#include <mm/table/layout.h>
#include <mm/virt/vmalloc.h>
#include <mm/virt/vmap_check.h>
#include "ktest.h"
#include "ledger.h"

#define SPEC_SIZE 1024
#define VMALLOC_TABLES (64U << 20)	/* guessed: no case needs more */
#define SHORT_PART 8U	/* measured: rounds are little of the time then */
#define SMALL_MACHINE 32768	/* pages: 128 MB; guessed, 1 ms a check */

extern const struct test_case __test_cases_start[];
extern const struct test_case __test_cases_end[];

static char boot_spec[SPEC_SIZE];
static const struct test_case *running;
static bool case_failed;
static const char *skip_reason;
static unsigned int warnings_allowed;
static unsigned int total_passed, total_failed;
static bool short_run;
static bool mute;		/* a self-test provokes failures on purpose */

static void test_panicked(const char *message);

static int set_test(const char *value)
{
	if (!*value || strlen(value) >= SPEC_SIZE)
		return -EINVAL;
	strlcpy(boot_spec, value, SPEC_SIZE);
	panic_end_hook = test_panicked;
	lock_checks = true;
	return 0;
}

KERNEL_PARAM(test, "test", set_test, PARAM_VALUE,
	     "[short,]all|SUITE|SUITE.CASE,...",
	     "run tests, then end the emulator");

/* --- expectations --- */

__format_printf(1, 2) static void note(const char *fmt, ...)
{
	va_list args;

	if (mute)
		return;
	printk("  # ");
	va_start(args, fmt);
	vprintk(fmt, args);
	va_end(args);
}

static bool fail_at(const struct test_site *site)
{
	case_failed = true;
	note("%s:%d: %s\n", site->file, site->line, site->text);
	return false;
}

int test_expect(bool ok, const struct test_site *site)
{
	return ok || fail_at(site);
}

int test_expect_eq(u64 got, u64 want, const struct test_site *site)
{
	if (got == want)
		return true;
	fail_at(site);
	note("  got  0x%llx (%llu)\n", got, got);
	note("  want 0x%llx (%llu)\n", want, want);
	return false;
}

int test_expect_streq(const char *got, const char *want,
		       const struct test_site *site)
{
	if (got && want && !strcmp(got, want))
		return true;
	fail_at(site);
	note("  got  \"%.100s\"\n", got ? got : "(null)");
	note("  want \"%.100s\"\n", want ? want : "(null)");
	return false;
}

void test_skip(const char *why)
{
	skip_reason = why;
}

unsigned int test_rounds(unsigned int full)
{
	return short_run ? max(full / SHORT_PART, 1U) : full;
}

void test_allow_warnings(unsigned int n)
{
	warnings_allowed = n;
}

/* --- faults that must come --- */

static volatile u8 last_byte;

static void do_read(void *p)
{
	last_byte = *(volatile u8 *)p;
}

static void do_write(void *p)
{
	*(volatile u8 *)p = last_byte;
}

static void do_exec(void *p)
{
	((void (*)(void))p)();
}

static bool try_access(enum access access, u32 addr, struct trap_record *rec)
{
	static void (*const how[])(void *) = {
		[ACCESS_READ] = do_read, [ACCESS_WRITE] = do_write,
		[ACCESS_EXEC] = do_exec,
	};

	/* what can be read is written back as it was */
	if (access == ACCESS_WRITE)
		cpu_probe(do_read, (void *)(uintptr_t)addr, NULL);
	return cpu_probe(how[access], (void *)(uintptr_t)addr, rec);
}

bool test_expect_fault(enum access access, u32 addr, u32 want_error,
		       const struct test_site *site)
{
	const u32 judged = PF_PRESENT | PF_WRITE | PF_INSTR;
	struct trap_record rec;

	if (try_access(access, addr, &rec)) {
		fail_at(site);
		note("  it did not fault\n");
		return false;
	}
	if (rec.vector == TRAP_PAGE_FAULT && rec.address == addr &&
	    (rec.error_code & judged) == want_error)
		return true;
	fail_at(site);
	note("  vector %u address %08x error code %x; want %u %08x "
	       "%x\n", rec.vector, rec.address, rec.error_code,
	       TRAP_PAGE_FAULT, addr, want_error);
	return false;
}

bool test_expect_no_fault(enum access access, u32 addr,
			  const struct test_site *site)
{
	struct trap_record rec;

	if (try_access(access, addr, &rec))
		return true;
	fail_at(site);
	note("  vector %u address %08x error code %x\n", rec.vector,
	       rec.address, rec.error_code);
	return false;
}

/* --- the ledger --- */

static void note_difference(const char *sentence)
{
	case_failed = true;
	note("mm_check: %s\n", sentence);
}

static void note_leak(const char *sentence)
{
	case_failed = true;
	note("%s\n", sentence);
}

static void check_allocators(void)
{
	const char *wrong = memblock_check(&memblock);
	struct zone *zone;
	unsigned int i;

	if (wrong)
		note_difference(wrong);
	check_vmap_space(&vmalloc_space, &kernel_pgtable, note_difference);
	check_kmap_pool(&kernel_kmaps, note_difference);
	check_kmap_atomic(note_difference);
	check_caches(note_difference);
	if (totalram_pages <= SMALL_MACHINE)
		check_nodes(&machine_nodes, note_difference);
	else
		for_each_zone_of(&machine_nodes, zone, i)
			if (populated_zone(zone))
				check_zone(zone, note_difference);
}

/* No case makes a page table in these addresses, so none seems to leak one. */
static void make_vmalloc_tables(void)
{
	u32 start = memory_layout.vmalloc_start;
	u32 size = min(VMALLOC_TABLES, memory_layout.vmalloc_end - start);

	if (pt_populate(&kernel_pgtable, start, size))
		pr_warn("no memory for vmalloc's page tables\n");
}

struct test_ledger {
	struct ledger before, after;
};

struct test_ledger *test_ledger_take(void)
{
	static struct test_ledger kept;

	make_vmalloc_tables();
	take_ledger(&kept.before);
	return &kept;
}

bool test_ledger_same(struct test_ledger *kept)
{
	bool failed = case_failed, same;

	case_failed = false;
	take_ledger(&kept->after);
	compare_ledgers(&kept->before, &kept->after, 0, note_leak);
	same = !case_failed && !mm_check();
	case_failed = failed;
	return same;
}

/* --- running --- */

/* A case that failed in its middle may keep the CPU: that was told, and the
 * next one must be able to run. */
static void free_the_cpu(const struct ledger *before, struct ledger *after)
{
	after->irq_flag = before->irq_flag;
	after->preempt_count = before->preempt_count;
	preempt_count() = before->preempt_count;
	if (before->irq_flag)
		local_irq_enable();
}

/* *ledger: as it was before, and then as it is after the case. */
static void run_case(const struct test_case *test, unsigned int number,
		     struct ledger *ledger)
{
	static struct ledger after;

	case_failed = false;
	skip_reason = NULL;
	warnings_allowed = 0;
	test->run();
	take_ledger(&after);
	compare_ledgers(ledger, &after, warnings_allowed, note_leak);
	check_allocators();
	free_the_cpu(ledger, &after);
	*ledger = after;
	if (test->panic_message && !skip_reason) {
		case_failed = true;
		printk("  # it should have ended in the panic \"%s\"\n",
		       test->panic_message);
	}
	printk("  %sok %u %s%s%s\n", case_failed ? "not " : "", number,
	       test->name, skip_reason ? " # SKIP " : "",
	       skip_reason ? skip_reason : "");
	if (case_failed)
		total_failed++;
	else
		total_passed++;
}

/* Does `spec`, one word of a comma list, name the case? */
static bool word_names(const char *spec, size_t len,
		       const struct test_case *test)
{
	size_t suite = strlen(test->suite);

	if (len == 3 && !strncmp(spec, "all", 3))
		return !test->panic_message;
	if (len < suite || strncmp(spec, test->suite, suite))
		return false;
	if (len == suite)
		return !test->panic_message;
	return spec[suite] == '.' && len - suite - 1 == strlen(test->name) &&
	       !strncmp(spec + suite + 1, test->name, len - suite - 1);
}

/* Is the word among those of the spec? */
static bool spec_has(const char *spec, const char *word)
{
	size_t len = strlen(word);

	for (;;) {
		const char *comma = strchr(spec, ',');

		if ((size_t)(comma ? comma - spec : (ptrdiff_t)strlen(spec)) ==
		    len && !strncmp(spec, word, len))
			return true;
		if (!comma)
			return false;
		spec = comma + 1;
	}
}

/* The last word that names it decides; -SUITE and -SUITE.CASE: not that. */
static bool spec_names(const char *spec, const struct test_case *test)
{
	bool named = false;

	for (;;) {
		const char *comma = strchr(spec, ',');
		size_t len = comma ? (size_t)(comma - spec) : strlen(spec);
		bool without = len && *spec == '-';

		if (len > without &&
		    word_names(spec + without, len - without, test))
			named = !without;
		if (!comma)
			return named;
		spec = comma + 1;
	}
}

static unsigned int count_named(const char *spec, const char *suite)
{
	const struct test_case *test;
	unsigned int n = 0;

	for (test = __test_cases_start; test < __test_cases_end; test++)
		n += (!suite || !strcmp(test->suite, suite)) &&
		     spec_names(spec, test);
	return n;
}

static bool first_of_suite(const struct test_case *test)
{
	const struct test_case *other;

	/* backwards: most often the one before is of the same suite */
	for (other = test; other-- > __test_cases_start;)
		if (!strcmp(other->suite, test->suite))
			return false;
	return true;
}

static unsigned int count_suites(const char *spec)
{
	const struct test_case *test;
	unsigned int n = 0;

	for (test = __test_cases_start; test < __test_cases_end; test++)
		n += first_of_suite(test) && count_named(spec, test->suite);
	return n;
}

static void run_suite(const char *spec, const char *suite, unsigned int number)
{
	unsigned int failed = total_failed, n = 0;
	static struct ledger ledger;
	const struct test_case *test;

	take_ledger(&ledger);
	printk("  KTAP version 1\n  # Subtest: %s\n  1..%u\n", suite,
	       count_named(spec, suite));
	for (test = __test_cases_start; test < __test_cases_end; test++) {
		if (strcmp(test->suite, suite) || !spec_names(spec, test))
			continue;
		running = test;
		run_case(test, ++n, &ledger);
		running = NULL;
	}
	printk("%sok %u %s\n", failed == total_failed ? "" : "not ", number,
	       suite);
}

/* 0 if all passed, -ENOENT if the spec names nothing, -EIO after failures. */
static int run_tests(const char *spec)
{
	const struct test_case *test;
	unsigned int number = 0, reaping;

	if (!count_named(spec, NULL)) {
		printk("no test is named \"%s\"; see test list\n", spec);
		return -ENOENT;
	}
	short_run = spec_has(spec, "short");
	make_vmalloc_tables();
	/* cases damage what it walks over; those that want it wake it */
	reaping = reap_every(0);
	/* cases take what there is: on a small machine the last page, too */
	oom_may_panic = false;
	total_passed = total_failed = 0;
	printk("KTAP version 1\n1..%u\n", count_suites(spec));
	for (test = __test_cases_start; test < __test_cases_end; test++)
		if (first_of_suite(test) && count_named(spec, test->suite))
			run_suite(spec, test->suite, ++number);
	reap_every(reaping);
	oom_may_panic = true;
	if (mm_check()) {
		printk("not ok %u mm_check\n", number + 1);
		total_failed++;
	}
	printk("# %u passed, %u failed\n", total_passed, total_failed);
	return total_failed ? -EIO : 0;
}

static void list_tests(void)
{
	const struct test_case *test;

	for (test = __test_cases_start; test < __test_cases_end; test++)
		printk("%s.%s%s%s\n", test->suite, test->name,
		       test->panic_message ? " # panics: " : "",
		       test->panic_message ? test->panic_message : "");
}

/* --- the runner itself: does it see what it must see? --- */

/* Runs fn as a case would, in silence; returns whether it was failed. */
static bool fails_the_case(void (*fn)(void))
{
	bool failed = case_failed, seen;

	mute = true;
	case_failed = false;
	fn();
	seen = case_failed;
	case_failed = failed;
	mute = false;
	return seen;
}

static void wrong_expectations(void)
{
	bool all_false = true;

	all_false &= !EXPECT(1 == 2);
	all_false &= !EXPECT_EQ(1ULL << 32, 0);
	all_false &= !EXPECT_STREQ("a", "b");
	all_false &= !EXPECT_STREQ(NULL, "b");
	all_false &= !EXPECT_FAULT(ACCESS_READ, __test_cases_start, 0);
	all_false &= !EXPECT_FAULT(ACCESS_READ, 0, PF_PRESENT);
	all_false &= !EXPECT_NO_FAULT(ACCESS_READ, 0);
	case_failed &= all_false;
}

TEST(ktest, wrong_expectations_fail)
{
	EXPECT(fails_the_case(wrong_expectations));
}

static void right_expectations(void)
{
	EXPECT(EXPECT(1 == 1) && EXPECT_EQ(2, 2) && EXPECT_STREQ("", ""));
}

TEST(ktest, right_expectations_pass)
{
	EXPECT(!fails_the_case(right_expectations));
}

/* Node 0 may have no memory; where the kernel stands there is some. */
static struct free_area *single_pages(void)
{
	return page_zone(virt_to_page(_text))->free_area;
}

TEST(ktest, broken_lists_fail)
{
	single_pages()->nr_free++;
	EXPECT(fails_the_case(check_allocators));
	single_pages()->nr_free--;
	EXPECT(!fails_the_case(check_allocators));
}

TEST(ktest, broken_caches_fail)
{
	struct kmem_node *node = kmalloc_caches[0][0]->node[0];

	node->nr_slabs++;
	EXPECT(fails_the_case(check_allocators));
	node->nr_slabs--;
	EXPECT(!fails_the_case(check_allocators));
}

static void leak(void)
{
	note_leak("something");
}

TEST(ktest, leaks_fail)
{
	EXPECT(fails_the_case(leak));
}

TEST(ktest, names_are_matched_whole)
{
	static const struct test_case one = {
		.suite = "paging", .name = "nx",
	};

	EXPECT(spec_names("all", &one));
	EXPECT(spec_names("paging", &one));
	EXPECT(spec_names("paging.nx", &one));
	EXPECT(spec_names("e820,paging.nx", &one));
	EXPECT(!spec_names("pag", &one));
	EXPECT(!spec_names("paging.n", &one));
	EXPECT(!spec_names("paging.nxx", &one));
	EXPECT(!spec_names("pagings", &one));
	EXPECT(!spec_names("", &one));
	EXPECT(!spec_names(",", &one));
	EXPECT(!spec_names("all,-paging", &one));
	EXPECT(!spec_names("all,-paging.nx", &one));
	EXPECT(spec_names("all,-pag,-paging.n,-", &one));
	EXPECT(spec_names("-paging,all", &one));
	EXPECT(!spec_names("-e820", &one));
}

TEST(ktest, a_short_run_has_fewer_rounds)
{
	bool before = short_run;

	EXPECT(spec_has("short", "short"));
	EXPECT(spec_has("all,-paging,short", "short"));
	EXPECT(spec_has("short,all", "short"));
	EXPECT(!spec_has("all,shorter,-short,shor", "short"));
	EXPECT(!spec_has("", "short"));
	short_run = false;
	EXPECT_EQ(test_rounds(10000), 10000);
	short_run = true;
	EXPECT_EQ(test_rounds(10000), 1250);
	EXPECT_EQ(test_rounds(3), 1);
	short_run = before;
}

/* --- panics, the command line, the prompt --- */

static void test_panicked(const char *message)
{
	bool wanted;

	if (!running) {
		/* a boot for tests that did not get to them */
		if (*boot_spec)
			debug_exit(DEBUG_EXIT_FAIL);
		return;
	}
	wanted = running->panic_message &&
		 strstr(message, running->panic_message);
	if (running->panic_message && !wanted)
		printk("  # wanted the panic \"%s\"\n",
		       running->panic_message);
	printk("  %sok 1 %s\n", wanted ? "" : "not ", running->name);
	printk("# %u passed, %u failed\n", total_passed + wanted,
	       total_failed + !wanted);
	debug_exit(wanted ? DEBUG_EXIT_PASS : DEBUG_EXIT_FAIL);
}

static void run_boot_tests(void)
{
	int err;

	panic_end_hook = test_panicked;
	if (!*boot_spec)
		return;
	err = run_tests(boot_spec);
	debug_exit(err ? DEBUG_EXIT_FAIL : DEBUG_EXIT_PASS);
}

late_initcall(run_boot_tests);

static int cmd_test(int argc, char **argv)
{
	if (argc > 2)
		return -EINVAL;
	if (argc == 2 && !strcmp(argv[1], "list"))
		list_tests();
	else
		run_tests(argc == 2 ? argv[1] : "all");
	return 0;
}

MONITOR_COMMAND(test, "[all | list | SUITE | SUITE.CASE]",
		"run the kernel's own tests", cmd_test);
