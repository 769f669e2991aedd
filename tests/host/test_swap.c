/*
 * Headers of swap areas, one mistake at a time; and the slots of an area
 * against a model that remembers each of them.
 */
#include "host.h"
#include <kernel/cpu/page.h>
#include <mm/reclaim/swap_internal.h>

/* --- headers --- */

static u8 page[PAGE_SIZE];

static void set(u32 at, u32 value)
{
	memcpy(page + at, &value, sizeof(value));
}

/* Of 100 pages. */
static void good_page(void)
{
	memset(page, 0x5a, sizeof(page));
	set(1024, 1);
	set(1028, 99);
	set(1032, 2);
	memcpy(page + 1052, "a label\n\0xxxxxxx", 16);
	set(1536, 7);
	set(1540, 99);
	memcpy(page + PAGE_SIZE - 10, "SWAPSPACE2", 10);
}

static void expect_refused(u32 pages, const char *why)
{
	struct swap_header h;
	const char *said = swap_header_parse(page, pages, &h);

	if (!said || !strstr(said, why))
		fail_msg("refused: \"%s\", and not \"%s\"", said, why);
}

static void good_header(void **state)
{
	struct swap_header h;

	good_page();
	assert_null(swap_header_parse(page, 100, &h));
	assert_int_equal(h.last_page, 99);
	assert_int_equal(h.nr_badpages, 2);
	assert_int_equal(h.badpages[1], 99);
	assert_string_equal(h.label, "a label?");
	assert_int_equal(h.uuid[0], 0x5a);
	/* longer devices are fine, and no bad page at all is */
	set(1032, 0);
	assert_null(swap_header_parse(page, 1U << 20, &h));
	memcpy(page + 1052, "sixteen letters!", 16);
	assert_null(swap_header_parse(page, 100, &h));
	assert_string_equal(h.label, "sixteen letters!");
}

/* One word of the good header is another. */
static const struct {
	u32 at, value;
	const char *why;
} wrong[] = {
	{ PAGE_SIZE - 4, 0, "signature" },
	{ 1024, 0, "version" },
	{ 1024, 2, "version" },
	{ 1024, 0x01000000, "byte order" },
	{ 1028, 0, "no slots" },
	{ 1028, 100, "longer" },
	{ 1028, 0xffffffff, "longer" },
	{ 1032, 638, "bad pages" },
	{ 1032, 0xffffffff, "bad pages" },
	{ 1032, 99, "all of its pages" },
	{ 1536, 0, "not within" },
	{ 1540, 100, "not within" },
	{ 1540, 7, "twice" },
};

static void bad_headers(void **state)
{
	static const struct {
		const char *magic, *why;
	} kinds[] = {
		{ "SWAP-SPACE", "old" }, { "S1SUSPEND\0", "sleeps" },
		{ "S2SUSPEND\0", "sleeps" }, { "\0\0\0\0\0\0\0\0\0\0", "signa" },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		good_page();
		set(wrong[i].at, wrong[i].value);
		expect_refused(100, wrong[i].why);
	}
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		good_page();
		memcpy(page + PAGE_SIZE - 10, kinds[i].magic, 10);
		expect_refused(100, kinds[i].why);
	}
	good_page();
	expect_refused(99, "longer");
	expect_refused(0, "longer");
	set(1028, SWAP_OFFSET_MOST + 1);
	expect_refused(0xffffffff, "more slots");
}

/* --- slots --- */

#define SLOTS_MOST 1500U
#define STEPS 60000U

struct model {
	u32 count;
	bool cached, bad;
};

static struct swap_area area;
static struct model model[SLOTS_MOST];
static struct page pages[SLOTS_MOST];

static void begin(u32 slots)
{
	memset(&area, 0, sizeof(area));
	memset(model, 0, sizeof(model));
	area.slots = slots;
	area.map = calloc(slots, sizeof(*area.map));
	area.cluster = calloc(swap_clusters(slots), sizeof(*area.cluster));
	area.page = calloc(slots, sizeof(*area.page));
	swap_slots_init(&area);
	model[0].bad = true;
}

static void end(void)
{
	free(area.map);
	free(area.cluster);
	free(area.page);
}

static void complain(const char *sentence)
{
	fail_msg("%s", sentence);
}

static bool is_free(u32 i)
{
	return !model[i].count && !model[i].cached && !model[i].bad;
}

static u32 free_slots(void)
{
	u32 i, n = 0;

	for (i = 0; i < area.slots; i++)
		n += is_free(i);
	return n;
}

static void same_as_model(void)
{
	u32 i;

	swap_check_slots(&area, complain);
	assert_int_equal(area.usable - area.inuse, free_slots());
	for (i = 0; i < area.slots; i++) {
		assert_int_equal(swap_slot_count(&area, i), model[i].count);
		assert_int_equal(swap_slot_is_bad(&area, i), model[i].bad);
		assert_ptr_equal(area.page[i],
				 model[i].cached ? &pages[i] : NULL);
	}
}

/* With a count, or a page that gets the slot it is told. */
static u32 take(bool cached)
{
	static struct page dummy;
	u32 at = swap_slot_take(&area, !cached, cached ? &dummy : NULL);

	if (!at) {
		assert_int_equal(free_slots(), 0);
		return 0;
	}
	assert_true(at < area.slots && is_free(at));
	model[at].count = !cached;
	model[at].cached = cached;
	if (cached)
		area.page[at] = &pages[at];
	return at;
}

static void one_more(u32 at)
{
	bool may = model[at].count || model[at].cached;

	assert_int_equal(swap_slot_get(&area, at), may);
	model[at].count += may;
}

static void one_less(u32 at)
{
	if (!model[at].count)
		return;
	model[at].count--;
	assert_int_equal(swap_slot_put(&area, at), !model[at].count);
}

static void in_or_out(u32 at)
{
	if (model[at].cached) {
		swap_slot_leave(&area, at);
		model[at].cached = false;
	} else if (model[at].count) {
		swap_slot_enter(&area, at, &pages[at]);
		model[at].cached = true;
	}
}

static void spoil(u32 at)
{
	assert_int_equal(swap_slot_spoil(&area, at), !model[at].bad);
	model[at].bad = true;
}

static void step(u32 pressure)
{
	u32 at = host_below(area.slots), what = host_below(100);

	if (what < pressure)
		take(what & 1);
	else if (what < pressure + 8)
		one_more(at);
	else if (what == 99 && !host_below(20) && at)
		spoil(at);
	else if (what & 1)
		one_less(at);
	else
		in_or_out(at);
}

static void random_against_model(void **state)
{
	static const u32 sizes[] = { 2, 40, 256, 257, 1024, SLOTS_MOST };
	u32 i, k;

	host_seed("swap slots");
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		begin(sizes[i]);
		for (k = 0; k < STEPS; k++) {
			/* now it fills, now it empties */
			step(k / 5000 % 2 ? 10 : 60);
			if (k % 500 == 0)
				same_as_model();
		}
		same_as_model();
		end();
	}
}

/* In a row, as long as there are free clusters; none twice, none left. */
static void clusters_in_a_row(void **state)
{
	u32 at, last = 0, breaks = 0, n = 0;

	begin(1024);
	while ((at = take(false))) {
		breaks += at != last + 1;
		last = at;
		n++;
	}
	assert_int_equal(n, 1023);
	/* the header's cluster is never wholly free: it comes last */
	assert_true(breaks <= 2);
	same_as_model();
	end();
}

/* With holes only, each is found, from below. */
static void holes_are_filled(void **state)
{
	u32 i;

	begin(1024);
	while (take(false))
		continue;
	for (i = 10; i < 1024; i += 10)
		one_less(i);
	for (i = 10; i < 1024; i += 10)
		assert_int_equal(take(true), i);
	assert_int_equal(take(false), 0);
	same_as_model();
	end();
}

/* A write fails: whoever has the slot keeps it; then nobody gets it. */
static void bad_slots_are_not_used(void **state)
{
	u32 at, n = 0;

	begin(100);
	at = take(true);
	one_more(at);
	spoil(at);
	spoil(50);
	assert_int_equal(area.usable, 97);
	assert_int_equal(area.inuse, 0);
	in_or_out(at);
	one_less(at);
	same_as_model();
	while (take(false))
		n++;
	assert_int_equal(n, 97);
	same_as_model();
	end();
}

static void counts_have_an_end(void **state)
{
	u32 at, i;

	begin(10);
	at = take(false);
	for (i = 1; i < SWAP_MAP_MAX; i++)
		assert_true(swap_slot_get(&area, at));
	assert_false(swap_slot_get(&area, at));
	model[at].count = SWAP_MAP_MAX;
	same_as_model();
	/* one that is free cannot be said */
	assert_false(swap_slot_get(&area, at + 1));
	EXPECT_DEATH("it had none", swap_slot_put(&area, at + 1));
	EXPECT_DEATH("has none", swap_slot_leave(&area, at));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(good_header),
		HOST_TEST(bad_headers),
		HOST_TEST(random_against_model),
		HOST_TEST(clusters_in_a_row),
		HOST_TEST(holes_are_filled),
		HOST_TEST(bad_slots_are_not_used),
		HOST_TEST(counts_have_an_end),
	};

	return cmocka_run_group_tests_name("swap", tests, NULL, NULL);
}
