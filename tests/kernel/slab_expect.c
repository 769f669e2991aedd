#include <kernel/base/printk.h>
#include "slab_expect.h"

void record_start(void);	/* test_cmdline.c */
const char *record_stop(void);

static u32 before[NR_SLAB_ERRORS];
static unsigned int warnings, expected;
static char text[16384];	/* as much as is recorded */

void reports_begin(void)
{
	memcpy(before, slab_errors, sizeof(before));
	warnings = printk_warnings();
	expected = 0;
	record_start();
}

void reports_go_on(void)
{
	record_start();
}

/* want: by class. */
static bool reports_match(const u32 *want, const struct test_site *site)
{
	bool good = true;
	u32 i, n = 0;

	strlcpy(text, record_stop(), sizeof(text));
	for (i = 0; i < NR_SLAB_ERRORS; i++) {
		good &= test_expect_eq(slab_errors[i] - before[i], want[i],
				       site);
		n += want[i];
	}
	good &= test_expect_eq(printk_warnings() - warnings, n, site);
	memcpy(before, slab_errors, sizeof(before));
	warnings = printk_warnings();
	expected += n;
	return good;
}

bool reports_are(enum slab_error class, u32 n, const char *says,
		 const struct test_site *site)
{
	u32 want[NR_SLAB_ERRORS] = { [0] = 0 };
	bool good;

	want[class] = n;
	good = reports_match(want, site);
	if (says)
		good &= test_expect(strstr(text, says), site);
	record_start();
	return good;
}

bool reports_are_two(enum slab_error a, enum slab_error b,
		     const struct test_site *site)
{
	u32 want[NR_SLAB_ERRORS] = { [0] = 0 };
	bool good;

	want[a] = want[b] = 1;
	good = reports_match(want, site);
	record_start();
	return good;
}

const char *reports_text(void)
{
	return text;
}

void reports_end(void)
{
	record_stop();
	test_allow_warnings(expected);
}
