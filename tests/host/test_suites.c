/*
 * Suites of tests/kernel/ that need no machine, run again here: what they do is
 * watched by the sanitizers, and counts as coverage. The Makefile's SUITES says
 * which; the cases of them that ask for this very kernel are left out.
 */
#include "host.h"
#include "suites.h"

extern const struct test_case __start_test_cases[], __stop_test_cases[];

static unsigned int failures, warnings_allowed;
static const char *skip_reason;

/* SUITE.CASE, or SUITE for all of it. */
static const char *const of_the_machine[] = {
	"multiboot.of_this_machine", "numa.fake_on_this_machine", "symbols",
};

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
	if (got && want && !strcmp(got, want))
		return 1;
	print_error("got \"%s\", want \"%s\"\n", got ? got : "(null)",
		    want ? want : "(null)");
	return fail_at(site);
}

void test_skip(const char *why)
{
	skip_reason = why;
}

unsigned int test_rounds(unsigned int full)
{
	return full;
}

void test_allow_warnings(unsigned int n)
{
	warnings_allowed = n;
}

static void run_case(void **state)
{
	const struct test_case *c = *state;

	failures = warnings_allowed = 0;
	skip_reason = NULL;
	c->run();
	if (skip_reason)
		fail_msg("skipped, but nothing is lacking here: %s",
			 skip_reason);
	if (host_warnings() != warnings_allowed)
		fail_msg("%u warnings, %u allowed:\n%s", host_warnings(),
			 warnings_allowed, host_log());
	if (failures)
		fail_msg("%u expectations failed", failures);
	host_reset();
}

static bool wanted(const char *name)
{
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(of_the_machine); i++) {
		n = strlen(of_the_machine[i]);
		if (!strncmp(name, of_the_machine[i], n) &&
		    (!name[n] || name[n] == '.'))
			return false;
	}
	return true;
}

/* host_setup(), but the state is the case. */
static int setup_case(void **state)
{
	void *ignored = NULL;

	(void)state;
	return host_setup(&ignored);
}

int main(void)
{
	size_t cases = (size_t)(__stop_test_cases - __start_test_cases);
	struct CMUnitTest *tests = calloc(cases, sizeof(*tests));
	const struct test_case *c;
	char name[128];
	size_t n = 0;

	for (c = __start_test_cases; c < __stop_test_cases; c++) {
		snprintf(name, sizeof(name), "%s.%s", c->suite, c->name);
		if (!wanted(name))
			continue;
		tests[n++] = (struct CMUnitTest){
			.name = strdup(name), .test_func = run_case,
			.setup_func = setup_case,
			.teardown_func = host_teardown,
			.initial_state = (void *)(uintptr_t)c,
		};
	}
	return _cmocka_run_group_tests("kernel suites", tests, n, NULL, NULL);
}
