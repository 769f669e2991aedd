/* Failures on purpose: what is asked for, and that exactly that happens. */
#include <kernel/base/fail.h>
#include <kernel/lib/errno.h>
#include <mm/page/internal.h>
#include "ktest.h"

static unsigned int changes;
static bool last_seen;
static struct fail_point point;

static void note_change(void)
{
	changes++;
	last_seen = point.active;
}

static void fresh_point(void)
{
	memset(&point, 0, sizeof(point));
	point.name = "point";
	point.changed = note_change;
	changes = 0;
}

/* As if "page" were this point. */
static bool set(const char *text)
{
	struct fail_point *found;
	struct fail_plan plan;

	if (!EXPECT_EQ(fail_parse(text, &found, &plan), 0))
		return false;
	EXPECT(found == &fail_page);
	fail_set(&point, &plan);
	return true;
}

/* Which of 32 requests fail: a bit for each, the first is bit 0. */
static u32 failures(void)
{
	u32 bits = 0, i;

	for (i = 0; i < 32; i++)
		bits |= (u32)fail_now(&point) << i;
	return bits;
}

static unsigned int bits_set(u32 bits)
{
	unsigned int n = 0;

	for (; bits; bits &= bits - 1)
		n++;
	return n;
}

struct text_case {
	const char *text;
	int err;
	struct fail_plan plan;
};

static const struct text_case text_cases[] = {
	{ "page,nth=3", 0, { FAIL_NTH, 3, 1, 1, false } },
	{ "page,nth=0x10", 0, { FAIL_NTH, 16, 1, 1, false } },
	{ "page,nth=4294967295", 0, { FAIL_NTH, ~0U, 1, 1, false } },
	{ "page,nth=3,times=2", 0, { FAIL_NTH, 3, 2, 1, false } },
	{ "page,times=2,nth=3", 0, { FAIL_NTH, 3, 2, 1, false } },
	{ "page,interval=7", 0, { FAIL_INTERVAL, 7, 0, 1, false } },
	{ "page,interval=7,seed=1", 0, { FAIL_INTERVAL, 7, 0, 1, true } },
	{ "page,seed=0,interval=1,times=9", 0,
	  { FAIL_INTERVAL, 1, 9, 0, true } },
	{ "page,probability=1", 0, { FAIL_PROBABILITY, 1, 0, 1, false } },
	{ "page,probability=100,seed=5", 0,
	  { FAIL_PROBABILITY, 100, 0, 5, true } },
	{ "", -EINVAL, { 0 } },
	{ "page", -EINVAL, { 0 } },
	{ "page,", -EINVAL, { 0 } },
	{ ",nth=3", -EINVAL, { 0 } },
	{ "nth=3", -EINVAL, { 0 } },
	{ "pages,nth=3", -EINVAL, { 0 } },
	{ "pag,nth=3", -EINVAL, { 0 } },
	{ "nobody,nth=3", -EINVAL, { 0 } },
	{ "page,nth", -EINVAL, { 0 } },
	{ "page,nth=", -EINVAL, { 0 } },
	{ "page,nth=0", -EINVAL, { 0 } },
	{ "page,nth=-1", -EINVAL, { 0 } },
	{ "page,nth=3x", -EINVAL, { 0 } },
	{ "page,nth=3K", -EINVAL, { 0 } },
	{ "page,nth=4294967296", -EINVAL, { 0 } },
	{ "page,nth=3,", -EINVAL, { 0 } },
	{ "page,nth=3,nth=4", -EINVAL, { 0 } },
	{ "page,nth=3,interval=4", -EINVAL, { 0 } },
	{ "page,nth=3,seed=1", -EINVAL, { 0 } },
	{ "page,nth=3,times=0", -EINVAL, { 0 } },
	{ "page,nth=3,often=1", -EINVAL, { 0 } },
	{ "page,times=3", -EINVAL, { 0 } },
	{ "page,seed=3", -EINVAL, { 0 } },
	{ "page,interval=0", -EINVAL, { 0 } },
	{ "page,interval=7,probability=3", -EINVAL, { 0 } },
	{ "page,probability=0", -EINVAL, { 0 } },
	{ "page,probability=101", -EINVAL, { 0 } },
};

TEST(fail, texts)
{
	struct fail_point *found;
	struct fail_plan plan;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(text_cases); i++) {
		const struct text_case *c = &text_cases[i];

		found = NULL;
		memset(&plan, 0, sizeof(plan));
		test_expect_eq(fail_parse(c->text, &found, &plan), c->err,
			       TEST_SITE_(c->text));
		test_expect(found == (c->err ? NULL : &fail_page),
			    TEST_SITE_(c->text));
		test_expect(plan.how == c->plan.how && plan.n == c->plan.n &&
			    plan.times == c->plan.times &&
			    plan.seed == c->plan.seed &&
			    plan.seeded == c->plan.seeded,
			    TEST_SITE_(c->text));
	}
}

static void expect_text(const char *text, const char *shown)
{
	char buf[FAIL_TEXT];

	if (set(text))
		EXPECT_STREQ(fail_text(&point.plan, buf), shown);
}

TEST(fail, texts_of_plans)
{
	char buf[FAIL_TEXT];

	fresh_point();
	EXPECT_STREQ(fail_text(&point.plan, buf), "off");
	expect_text("page,nth=3", "nth=3");
	expect_text("page,times=2,nth=3", "nth=3,times=2");
	expect_text("page,interval=7", "interval=7");
	expect_text("page,times=1,interval=7", "interval=7,times=1");
	expect_text("page,probability=100,times=4294967295,seed=4294967295",
		    "probability=100,seed=4294967295,times=4294967295");
}

TEST(fail, nth)
{
	fresh_point();
	EXPECT_EQ(failures(), 0);
	fail_nth(&point, 1);
	EXPECT_EQ(failures(), 1);
	fail_nth(&point, 3);
	EXPECT(point.active);
	EXPECT_EQ(failures(), 1 << 2);
	EXPECT(!point.active && point.plan.how == FAIL_OFF);
	fail_nth(&point, 32);
	EXPECT_EQ(failures(), 1U << 31);
	fail_nth(&point, 33);
	EXPECT_EQ(failures(), 0);
	EXPECT_EQ(failures(), 1);
	if (set("page,nth=3,times=2"))
		EXPECT_EQ(failures(), 3 << 2);
	EXPECT_EQ(failures(), 0);
}

TEST(fail, nth_zero_is_off)
{
	fresh_point();
	fail_nth(&point, 1);
	fail_nth(&point, 0);
	EXPECT(!point.active);
	EXPECT_EQ(failures(), 0);
	EXPECT_EQ(point.asked, 0);
}

TEST(fail, interval)
{
	fresh_point();
	if (set("page,interval=7"))
		EXPECT_EQ(failures(), 1 << 6 | 1 << 13 | 1 << 20 | 1 << 27);
	/* 32 were asked; three of the interval that began are left */
	EXPECT_EQ(failures(), 1 << 2 | 1 << 9 | 1 << 16 | 1 << 23 | 1 << 30);
	if (set("page,interval=1"))
		EXPECT_EQ(failures(), ~0U);
	if (set("page,interval=7,times=2"))
		EXPECT_EQ(failures(), 1 << 6 | 1 << 13);
	EXPECT(!point.active);
}

/* One in each eight, not always the same one, and the same ones again. */
TEST(fail, interval_with_seed)
{
	u32 first, i;

	fresh_point();
	REQUIRE(set("page,interval=8,seed=1"));
	first = failures();
	for (i = 0; i < 32; i += 8)
		EXPECT_EQ(bits_set(first >> i & 0xff), 1);
	EXPECT(first != 0x80808080);
	EXPECT(failures() != first);
	REQUIRE(set("page,interval=8,seed=1"));
	EXPECT_EQ(failures(), first);
	REQUIRE(set("page,interval=8,seed=2"));
	EXPECT(failures() != first);
}

TEST(fail, probability)
{
	unsigned int n = 0, i;
	u32 first;

	fresh_point();
	REQUIRE(set("page,probability=25,seed=7"));
	first = failures();
	for (i = 0; i < 100; i++)
		n += bits_set(failures());
	/* of 3200 some 800: within four standard deviations, 24.5 each */
	EXPECT(n > 700 && n < 900);
	REQUIRE(set("page,probability=25,seed=7"));
	EXPECT_EQ(failures(), first);
	REQUIRE(set("page,probability=100"));
	EXPECT_EQ(failures(), ~0U);
	REQUIRE(set("page,probability=100,times=5"));
	EXPECT_EQ(failures(), 0x1f);
}

/* The seed that the generator could not leave does well, too. */
TEST(fail, any_seed)
{
	struct fail_plan plan = { .how = FAIL_PROBABILITY, .n = 50,
				  .seed = 0x9e3779b9, .seeded = true };
	u32 bits;

	fresh_point();
	fail_set(&point, &plan);
	bits = failures();
	EXPECT(bits && ~bits);
}

TEST(fail, counts)
{
	fresh_point();
	failures();
	EXPECT_EQ(point.asked, 0);
	REQUIRE(set("page,interval=4"));
	failures();
	EXPECT_EQ(point.asked, 32);
	EXPECT_EQ(point.injected, 8);
	fail_nth(&point, 2);
	EXPECT_EQ(point.asked, 0);
	failures();
	/* what comes after the last failure is not asked any more */
	EXPECT_EQ(point.asked, 2);
	EXPECT_EQ(point.injected, 9);
}

TEST(fail, owner_is_told)
{
	fresh_point();
	fail_nth(&point, 2);
	EXPECT(changes == 1 && last_seen);
	fail_now(&point);
	EXPECT_EQ(changes, 1);
	fail_now(&point);
	EXPECT(changes == 2 && !last_seen);
	fail_nth(&point, 1);
	fail_nth(&point, 0);
	EXPECT(changes == 4 && !last_seen);
	point.changed = NULL;
	fail_nth(&point, 1);
	EXPECT(fail_now(&point));
}

TEST(fail, find)
{
	EXPECT(fail_find("page", 4) == &fail_page);
	EXPECT(fail_find("page,nth", 4) == &fail_page);
	EXPECT(!fail_find("page", 3));
	EXPECT(!fail_find("pages", 5));
	EXPECT(!fail_find("", 0));
}

/* What the command line left is made a plan, and not before. */
TEST(fail, arm)
{
	struct fail_plan plan = { .how = FAIL_NTH, .n = 1000, .times = 1 };
	struct fail_plan boot = fail_page.boot;

	fail_page.boot = (struct fail_plan){ 0 };
	fail_nth(&fail_page, 0);
	fail_arm();
	EXPECT(!fail_page.active);
	fail_page.boot = plan;
	EXPECT(!fail_page.active);
	fail_arm();
	EXPECT(fail_page.active && fail_page.plan.n == 1000);
	fail_all_off();
	EXPECT(!fail_page.active);
	fail_page.boot = boot;
}
