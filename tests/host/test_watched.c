/*
 * The suites of tests/kernel/ that make mistakes with objects, on machines that
 * are booted here: of one node and of four, with debug=slab and without. Each
 * case runs in a process of its own. What asks for names of functions, or for
 * addresses of this very kernel, is left out.
 */
#include "objects.h"
#include "suites.h"
#include <kernel/base/debug.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/traps.h>

extern const struct test_case __start_test_cases[], __stop_test_cases[];

static const struct machine {
	const char *name;
	unsigned int nodes;
	u32 debug;
} machines[] = {
	{ "one-node", 1, 0 },
	{ "one-node-debug", 1, 1U << DEBUG_SLAB },
	{ "nodes", 4, 0 },
	{ "nodes-debug", 4, 1U << DEBUG_SLAB },
};

static const char *const of_the_machine[] = {
	"slab_bad.addresses_of_others", "slab_debug.who_had_it",
	"slab_debug.who_by_longer_ways",
};

/* What a case of a machine is called with. */
struct run {
	const struct test_case *test;
	const struct machine *machine;
};

static unsigned int failures, warnings_allowed;

static int fail_at(const struct test_site *site)
{
	print_error("%s:%d: %s\n", site->file, site->line, site->text);
	failures++;
	return 0;
}

int test_expect(bool ok, const struct test_site *site)
{
	return ok || fail_at(site);
}

int test_expect_eq(u64 got, u64 want, const struct test_site *site)
{
	if (got == want)
		return 1;
	print_error("got %#llx, want %#llx\n", got, want);
	return fail_at(site);
}

int test_expect_streq(const char *got, const char *want,
		      const struct test_site *site)
{
	return test_expect(got && want && !strcmp(got, want), site);
}

void test_skip(const char *why)
{
	(void)why;
}

unsigned int test_rounds(unsigned int full)
{
	return full;
}

void test_allow_warnings(unsigned int n)
{
	warnings_allowed = n;
}

/* The log is the record. */
void record_start(void);
const char *record_stop(void);

void record_start(void)
{
	host_reset();
}

const char *record_stop(void)
{
	return host_log();
}

/* Nothing that is tried here faults. */
bool cpu_probe(void (*fn)(void *), void *arg, struct trap_record *record)
{
	(void)record;
	fn(arg);
	return true;
}

static void run_in_child(const void *arg)
{
	const struct run *run = arg;
	unsigned int before;
	u32 free;

	host_boot_objects(32, run->machine->nodes, run->machine->debug);
	kmem_caches_shrink();
	drain_all_pages();
	free = nr_unused_pages();
	before = printk_warnings();
	run->test->run();
	if (printk_warnings() - before != warnings_allowed)
		host_die("%u warnings, %u allowed",
			 printk_warnings() - before, warnings_allowed);
	MUST(!failures && !host_locks_held);
	kmem_caches_shrink();
	drain_all_pages();
	MUST(nr_unused_pages() == free);
	host_check_objects();
}

static void run_case(void **state)
{
	const struct run *run = *state;

	host_in_child(run_in_child, run, run->test->name);
}

static bool wanted(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(of_the_machine); i++)
		if (!strcmp(name, of_the_machine[i]))
			return false;
	return true;
}

/* The cases of the suites on one machine, behind those that are there. */
static size_t add_machine(const struct machine *machine,
			  struct CMUnitTest *tests, size_t n)
{
	const struct test_case *c;
	struct run *run;
	char name[128];

	for (c = __start_test_cases; c < __stop_test_cases; c++) {
		snprintf(name, sizeof(name), "%s.%s", c->suite, c->name);
		if (!wanted(name))
			continue;
		run = malloc(sizeof(*run));
		*run = (struct run){ c, machine };
		snprintf(name, sizeof(name), "%s: %s.%s", machine->name,
			 c->suite, c->name);
		tests[n++] = (struct CMUnitTest){
			.name = strdup(name), .test_func = run_case,
			.initial_state = run,
		};
	}
	return n;
}

int main(void)
{
	size_t cases = (size_t)(__stop_test_cases - __start_test_cases);
	struct CMUnitTest *tests;
	size_t n = 0, i;

	tests = calloc(cases * ARRAY_SIZE(machines), sizeof(*tests));
	for (i = 0; i < ARRAY_SIZE(machines); i++)
		n = add_machine(&machines[i], tests, n);
	return _cmocka_run_group_tests("watched objects", tests, n, NULL,
				       NULL);
}
