/*
 * How much is read ahead, against a model of the cache: random readers, pages
 * that go, and what must hold of any of them.
 */
#include "host.h"
#include <mm/cache/readahead.h>

#define PAGES 4096U
#define STEPS 200000U

static bool cached[PAGES], asked[PAGES];
static struct file_ra_state ra;
static u32 reads, waits;

static void begin(void)
{
	memset(cached, 0, sizeof(cached));
	memset(asked, 0, sizeof(asked));
	memset(&ra, 0, sizeof(ra));
	reads = waits = 0;
}

static void read_one(u32 index)
{
	MUST(!cached[index]);
	cached[index] = true;
	reads++;
}

/* As mapping_read() and page_cache_readahead() do it. */
static void ask(u32 index, u32 wanted)
{
	u32 begun = 0, i;

	if (!cached[index] || (index == ra.async && ra.size)) {
		struct page_run run = ra_decide(&ra, index, wanted,
						cached[index]);

		MUST(run.n <= READAHEAD_MAX);
		MUST(!run.n || run.start >= index);
		for (i = run.start; i < run.start + run.n && i < PAGES; i++)
			if (!cached[i]) {
				read_one(i);
				begun++;
			}
		if (run.n && !begun)
			ra.size = 0;
		waits += run.n && run.start == index;
	}
	if (!cached[index]) {
		read_one(index);
		waits++;
	}
	asked[index] = true;
	ra.next = index + 1;
}

static void from_begin_to_end(void **state)
{
	u32 wanted, i;

	for (wanted = 1; wanted <= 64; wanted++) {
		begin();
		for (i = 0; i < PAGES; i++)
			ask(i, wanted);
		/* each once, and nobody waited but for the first one */
		MUST(reads == PAGES);
		MUST(waits == 1);
	}
}

static void at_random(void **state)
{
	u32 step, index;

	begin();
	for (step = 0; step < 2000; step++) {
		index = host_random() % PAGES;
		if (index != ra.next)
			ask(index, 1);
	}
	for (index = 0; index < PAGES; index++)
		MUST(cached[index] == asked[index]);
}

/* Runs and jumps; pages go; sizes are powers of two between the limits. */
static void anyhow(void **state)
{
	u32 step, at = 0;

	begin();
	for (step = 0; step < STEPS; step++) {
		u32 what = host_random() % 100;

		if (what < 5)
			at = host_random() % PAGES;
		else if (what < 10)
			cached[host_random() % PAGES] = false;
		else if (what < 11)
			memset(cached, 0, sizeof(cached));
		ask(at, 1 + host_random() % 40);
		MUST(ra.size <= READAHEAD_MAX && !(ra.size & (ra.size - 1)));
		MUST(!ra.size || ra.size >= READAHEAD_MIN);
		MUST(!ra.size || ra.async - ra.start <= ra.size);
		at = (at + 1) % PAGES;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(from_begin_to_end), HOST_TEST(at_random),
		HOST_TEST(anyhow),
	};

	return cmocka_run_group_tests_name("readahead", tests, NULL, NULL);
}
