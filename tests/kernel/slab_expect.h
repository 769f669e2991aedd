/* Reports that a case provokes, counted by class. */
#ifndef TESTS_KERNEL_SLAB_EXPECT_H
#define TESTS_KERNEL_SLAB_EXPECT_H

#include <mm/object/slab.h>
#include "ktest.h"

/* Before the first report of a case; the counts are compared with this. */
void reports_begin(void);
void reports_go_on(void);	/* after reports_end(), in the same case */

/*
 * What was reported since the last call is exactly n of that class and nothing
 * else; the text that was printed holds `says` (NULL: whatever).
 */
bool reports_are(enum slab_error class, u32 n, const char *says,
		 const struct test_site *site);

/* One of each of two classes. */
bool reports_are_two(enum slab_error a, enum slab_error b,
		     const struct test_site *site);

#define EXPECT_TWO_REPORTS(a, b)					\
	reports_are_two((a), (b), TEST_SITE_("one " #a ", one " #b))
#define EXPECT_REPORT(class, says)					\
	reports_are((class), 1, (says), TEST_SITE_("one " #class))
#define EXPECT_REPORTS(class, n)					\
	reports_are((class), (n), NULL, TEST_SITE_(#n " of " #class))
#define EXPECT_NO_REPORT()						\
	reports_are(SLAB_DOUBLE_FREE, 0, NULL, TEST_SITE_("no report"))

/* What was printed for the last EXPECT_. */
const char *reports_text(void);

/* At the end of a case: the warnings that were expected. */
void reports_end(void);

#endif
