/* debug=: which words are options, which are names of caches. */
#include <kernel/base/debug.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/printf.h>
#include "ktest.h"

#define OWNER (1U << DEBUG_PAGE_OWNER)
#define POISON (1U << DEBUG_PAGE_POISON)
#define PAGEALLOC (1U << DEBUG_PAGEALLOC)
#define SLAB (1U << DEBUG_SLAB)

#define NAME31 "a-name-of-thirty-one-characters"

static struct debug_choice choice;

struct word_case {
	const char *value;
	int err;
	u32 options;
	bool all;
	const char *cache[3];
};

static const struct word_case word_cases[] = {
	{ "page_owner", 0, OWNER, false, { NULL } },
	{ "page_owner,page_poison,pagealloc", 0, OWNER | POISON | PAGEALLOC,
	  false, { NULL } },
	{ "page_owner,page_owner", 0, OWNER, false, { NULL } },
	{ "slab", 0, SLAB, true, { NULL } },
	{ "slab,slab", 0, SLAB, true, { NULL } },
	{ "page_owner,slab", 0, OWNER | SLAB, true, { NULL } },
	{ "slab,page_owner", 0, OWNER | SLAB, true, { NULL } },
	{ "slab,size-64", 0, SLAB, false, { "size-64" } },
	{ "slab,size-64,files", 0, SLAB, false, { "size-64", "files" } },
	{ "slab,files,files", 0, SLAB, false, { "files" } },
	{ "slab,file,files", 0, SLAB, false, { "file", "files" } },
	{ "slab,files,file", 0, SLAB, false, { "files", "file" } },
	{ "page_poison,slab,a,pagealloc,b", 0, POISON | SLAB | PAGEALLOC,
	  false, { "a", "b" } },
	{ "slab," NAME31, 0, SLAB, false, { NAME31 } },
	{ "slab,size-32(DMA)", 0, SLAB, false, { "size-32(DMA)" } },
	{ "slab," NAME31 "x", -EINVAL, 0, false, { NULL } },
	{ "", -EINVAL, 0, false, { NULL } },
	{ "slabs", -EINVAL, 0, false, { NULL } },
	{ "sla", -EINVAL, 0, false, { NULL } },
	{ "files", -EINVAL, 0, false, { NULL } },
	{ "files,slab", -EINVAL, 0, false, { NULL } },
	{ "page_owner,files", -EINVAL, 0, false, { NULL } },
	{ "slab,", -EINVAL, 0, false, { NULL } },
	{ "slab,,files", -EINVAL, 0, false, { NULL } },
	{ ",slab", -EINVAL, 0, false, { NULL } },
	{ "page_owner,", -EINVAL, 0, false, { NULL } },
};

TEST(debug_option, words)
{
	size_t i;
	unsigned int k;

	for (i = 0; i < ARRAY_SIZE(word_cases); i++) {
		const struct word_case *c = &word_cases[i];

		memset(&choice, 0, sizeof(choice));
		test_expect_eq(debug_parse(c->value, &choice), c->err,
			       TEST_SITE_(c->value));
		test_expect_eq(choice.options, c->options,
			       TEST_SITE_(c->value));
		test_expect(choice.all_caches == c->all, TEST_SITE_(c->value));
		for (k = 0; k < 3 && c->cache[k]; k++)
			test_expect_streq(choice.cache[k], c->cache[k],
					  TEST_SITE_(c->value));
		test_expect_eq(choice.nr, k, TEST_SITE_(c->value));
	}
}

TEST(debug_option, names_are_matched_whole)
{
	memset(&choice, 0, sizeof(choice));
	EXPECT(!debug_choice_names(&choice, "files"));
	EXPECT_EQ(debug_parse("slab,files", &choice), 0);
	EXPECT(debug_choice_names(&choice, "files"));
	EXPECT(!debug_choice_names(&choice, "file"));
	EXPECT(!debug_choice_names(&choice, "filess"));
	EXPECT(!debug_choice_names(&choice, ""));
}

/* Options add up; once all are wanted, it stays so. */
TEST(debug_option, given_several_times)
{
	memset(&choice, 0, sizeof(choice));
	EXPECT_EQ(debug_parse("slab,a", &choice), 0);
	EXPECT_EQ(debug_parse("slab,b,a", &choice), 0);
	EXPECT_EQ(choice.nr, 2);
	EXPECT(debug_choice_names(&choice, "a"));
	EXPECT(debug_choice_names(&choice, "b"));
	EXPECT(!debug_choice_names(&choice, "c"));
	EXPECT_EQ(debug_parse("slab", &choice), 0);
	EXPECT(debug_choice_names(&choice, "c"));
	EXPECT_EQ(debug_parse("slab,d", &choice), 0);
	EXPECT(debug_choice_names(&choice, "c"));
}

TEST(debug_option, a_full_table)
{
	char value[24];
	unsigned int i;

	memset(&choice, 0, sizeof(choice));
	for (i = 0; i < DEBUG_CACHES; i++) {
		snprintf(value, sizeof(value), "slab,cache%u", i);
		EXPECT_EQ(debug_parse(value, &choice), 0);
	}
	EXPECT_EQ(choice.nr, DEBUG_CACHES);
	EXPECT_EQ(debug_parse("slab,cache15,page_owner", &choice), 0);
	EXPECT_EQ(choice.options, SLAB | OWNER);
	EXPECT_EQ(debug_parse("slab,one-more,pagealloc", &choice), -ENOSPC);
	EXPECT_EQ(choice.options, SLAB | OWNER);
	EXPECT(!debug_choice_names(&choice, "one-more"));
	EXPECT(debug_choice_names(&choice, "cache0"));
}
