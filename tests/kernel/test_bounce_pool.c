/*
 * Bounce buffers without memory: what is kept is enough for whoever comes, and
 * is there again in the end. fail=bounce stands for allocators that are empty;
 * one case takes all pages away. The check of the books is checked, too.
 */
#include <kernel/cpu/time.h>
#include "bounce_pages.h"
#include "rtc_irq.h"
#include "threads.h"

#define PCI_MASK 0xffffffffULL

static struct page *page;	/* one for all pieces of a case */
static struct bio_vec vec[BOUNCE_PAGES];

/* From now on only what is kept is to be had. */
static bool scarce(void)
{
	struct fail_plan plan = { .how = FAIL_PROBABILITY, .n = 100,
				  .seed = 1 };
	u32 i;

	if (!bounce_ready()) {
		test_skip("no page is out of reach");
		return false;
	}
	page = alloc_page(GFP_HIGHUSER);
	if (!EXPECT(page))
		return false;
	page_fill(page, 1);
	for (i = 0; i < BOUNCE_PAGES; i++)
		vec[i] = (struct bio_vec){ page, 64, 64 * i };
	bounce_all = true;
	fail_set(&fail_bounce, &plan);
	return true;
}

/* The same, where the ISA bus does not reach all of lowmem. */
static bool isa_is_scarce(void)
{
	if (max_low_pfn > MAX_DMA_PFN)
		return scarce();
	test_skip("all of lowmem is below 16 MB");
	return false;
}

static bool pool_is(u32 i, u32 kept, u32 out)
{
	return EXPECT_EQ(bounce_pools[i].pages->curr_nr, kept) &
	       EXPECT_EQ(bounce_pools[i].pages->out, out);
}

/* All is there again. */
static void plenty(void)
{
	fail_nth(&fail_bounce, 0);
	__free_page(page);
	bounce_all = debug_enabled(DEBUG_BOUNCE);
	pool_is(BOUNCE_ISA, BOUNCE_ISA_PAGES, 0);
	pool_is(BOUNCE_LOWMEM, BOUNCE_PAGES, 0);
	EXPECT_EQ(bounce_structs->out, 0);
	EXPECT_EQ(bounce_moving, 0);
	EXPECT_EQ(nr_bounce_pages(), 0);
}

TEST(bounce_pool, filled_by_the_boot)
{
	u32 i;

	if (!bounce_ready()) {
		EXPECT(max_mapnr <= MAX_DMA_PFN + (1U << (MAX_ORDER - 1)));
		test_skip("no page is out of reach");
		return;
	}
	pool_is(BOUNCE_ISA, BOUNCE_ISA_PAGES, 0);
	pool_is(BOUNCE_LOWMEM, BOUNCE_PAGES, 0);
	for (i = 0; i < BOUNCE_ISA_PAGES; i++)
		EXPECT(page_to_pfn(bounce_pools[BOUNCE_ISA].pages->elements[i])
		       < MAX_DMA_PFN);
	for (i = 0; i < BOUNCE_PAGES; i++)
		EXPECT(!page_is_high(
			bounce_pools[BOUNCE_LOWMEM].pages->elements[i]));
}

/* The right pages, and the data, are the same as ever. */
TEST(bounce_pool, serves_and_gets_back)
{
	struct bounce *a, *b;
	u32 i;

	if (!isa_is_scarce())
		return;
	a = bounce_begin(vec, 10, BOUNCE_ISA_MASK, true);
	pool_is(BOUNCE_ISA, 6, 10);
	b = bounce_begin(vec, 20, PCI_MASK, false);
	pool_is(BOUNCE_LOWMEM, 44, 20);
	EXPECT_EQ(bounce_structs->out, 2);
	EXPECT_EQ(nr_bounce_pages(), 30);
	EXPECT_EQ(check_bounce(NULL), 0);
	for (i = 0; i < 10; i++) {
		const struct bio_vec *v = &bounce_vec(a)[i];

		EXPECT(page_to_pfn(v->bv_page) < MAX_DMA_PFN);
		EXPECT(piece_is(v, 1));
	}
	for (i = 0; i < 20; i++)
		piece_fill(&bounce_vec(b)[i], 2);
	bounce_end(a, 0);
	pool_is(BOUNCE_ISA, 16, 0);
	bounce_end(b, 20 * 64);
	for (i = 0; i < 25; i++)
		EXPECT(piece_is(&vec[i], i < 20 ? 2 : 1));
	plenty();
}

/* The first request fails, the second ...: each transfer is whole, whatever is
 * from where. */
TEST(bounce_pool, each_request_fails_once)
{
	struct bounce *bounce;
	u32 n, nr;

	if (!isa_is_scarce())
		return;
	for (nr = 1; nr <= 5; nr += 4)
		for (n = 1; n <= 4; n++) {
			u32 injected = fail_bounce.injected;

			fail_nth(&fail_bounce, n);
			bounce = bounce_begin(vec, nr, BOUNCE_ISA_MASK, true);
			EXPECT_EQ(fail_bounce.injected - injected, n <= 2);
			EXPECT_EQ(bounce_count(bounce), nr);
			pool_is(BOUNCE_ISA, n == 2 ? 16 - nr : 16,
				n == 2 ? nr : 0);
			EXPECT_EQ(bounce_structs->out, n == 1);
			EXPECT(piece_is(&bounce_vec(bounce)[nr - 1], 1));
			EXPECT_EQ(check_bounce(NULL), 0);
			bounce_end(bounce, 0);
		}
	plenty();
}

/* --- who waits --- */

struct wish {
	u32 pieces;
	phys_addr_t mask;
	volatile bool has;
};

static int gets_and_ends(void *data)
{
	struct wish *wish = data;
	struct bounce *bounce = bounce_begin(vec, wish->pieces, wish->mask,
					     true);
	bool right = piece_is(&bounce_vec(bounce)[wish->pieces - 1], 1);

	wish->has = true;
	bounce_end(bounce, 0);
	return !right;
}

/* They could wait for ever: until then all must have it, or get it from the
 * allocator after all. */
static bool all_have(struct wish *wish, u32 n)
{
	u32 end = jiffies + 2 * hz, i;
	bool all;

	do {
		msleep(5);
		for (all = true, i = 0; i < n; i++)
			all &= wish[i].has;
	} while (!all && !time_after(jiffies, end));
	return all;
}

TEST(bounce_pool, waits_for_16_isa_pages)
{
	struct wish wish[4] = {
		{ 16, BOUNCE_ISA_MASK, false }, { 1, BOUNCE_ISA_MASK, false },
		{ 16, BOUNCE_ISA_MASK, false }, { 9, BOUNCE_ISA_MASK, false },
	};
	struct wish other = { 64, PCI_MASK, false };
	struct bounce *first, *second;
	struct crew crew = { .n = 0 };
	u32 i;

	if (!isa_is_scarce())
		return;
	first = bounce_begin(vec, 10, BOUNCE_ISA_MASK, true);
	second = bounce_begin(vec, 6, BOUNCE_ISA_MASK, true);
	for (i = 0; i < ARRAY_SIZE(wish); i++) {
		crew_add(&crew, 16, gets_and_ends, &wish[i]);
		EXPECT(until_it_waits(crew.task[i]));
	}
	/* the other pool is not waited for */
	crew_add(&crew, 16, gets_and_ends, &other);
	EXPECT(all_have(&other, 1));
	bounce_end(first, 0);
	msleep(30);
	/* who came first has ten of them, and is not overtaken */
	for (i = 0; i < ARRAY_SIZE(wish); i++)
		EXPECT(!wish[i].has);
	pool_is(BOUNCE_ISA, 0, 16);
	EXPECT_EQ(check_bounce(NULL), 0);
	bounce_end(second, 0);
	EXPECT(all_have(wish, ARRAY_SIZE(wish)));
	EXPECT_EQ(crew_join(&crew), 0);
	plenty();
}

/* Both want the whole pool, the second one is quicker: if it could take of what
 * comes back, each would have a half of it for ever. */
TEST(bounce_pool, two_want_the_whole_pool)
{
	struct wish wish[2] = {
		{ 16, BOUNCE_ISA_MASK, false }, { 16, BOUNCE_ISA_MASK, false },
	};
	struct crew crew = { .n = 0 };
	struct bounce *bounce;

	if (!scarce())
		return;
	bounce = bounce_begin(vec, 8, BOUNCE_ISA_MASK, true);
	crew_add(&crew, 20, gets_and_ends, &wish[0]);
	EXPECT(until_it_waits(crew.task[0]));
	crew_add(&crew, 10, gets_and_ends, &wish[1]);
	EXPECT(until_it_waits(crew.task[1]));
	bounce_end(bounce, 0);
	REQUIRE(all_have(wish, 2));
	EXPECT_EQ(crew_join(&crew), 0);
	plenty();
}

/* More transfers than there are structs kept: the next one waits. */
TEST(bounce_pool, waits_for_a_struct)
{
	struct wish wish = { 1, PCI_MASK, false };
	struct crew crew = { .n = 0 };
	struct bounce *bounce[16];
	u32 most, i;

	if (!scarce())
		return;
	most = bounce_structs->min_nr;
	REQUIRE(most < ARRAY_SIZE(bounce));
	for (i = 0; i < most; i++)
		bounce[i] = bounce_begin(vec, 1, PCI_MASK, true);
	crew_add(&crew, 16, gets_and_ends, &wish);
	EXPECT(until_it_waits(crew.task[0]));
	EXPECT(!wish.has);
	bounce_end(bounce[0], 0);
	EXPECT(all_have(&wish, 1));
	for (i = 1; i < most; i++)
		bounce_end(bounce[i], 0);
	EXPECT_EQ(crew_join(&crew), 0);
	plenty();
}

/* --- hundreds of them --- */

#define WORKERS 8U
#define TRANSFERS 40U		/* of each */
#define WORKER_PAGES 8U

struct job {
	struct list_head list;
	struct bounce *bounce;
	u32 nr, seed, bytes;
	bool write, right;
	volatile bool done;
};

static LIST_HEAD(jobs);
static spinlock_t jobs_lock = SPIN_LOCK_UNLOCKED("t_jobs_lock");
static DECLARE_WAIT_QUEUE_HEAD(job_done);
static u32 jobs_done;

/* The device: one transfer each interrupt. */
static bool device_interrupts(unsigned int irq, void *dev)
{
	struct job *job = NULL;
	u32 i;

	if (!rtc_was_it())
		return false;
	spin_lock(&jobs_lock);
	if (!list_empty(&jobs)) {
		job = list_first_entry(&jobs, struct job, list);
		list_del(&job->list);
	}
	spin_unlock(&jobs_lock);
	if (!job)
		return true;
	for (i = 0; i < job->nr; i++) {
		const struct bio_vec *v = &bounce_vec(job->bounce)[i];

		if (job->write)
			job->right &= piece_is(v, job->seed);
		else
			piece_fill(v, job->seed);
	}
	bounce_end(job->bounce, job->bytes);
	jobs_done++;
	job->done = true;
	wake_up_all(&job_done);
	return true;
}

struct worker {
	struct page *page[WORKER_PAGES];
	struct bio_vec vec[WORKER_PAGES];
	u32 seed;		/* of its random numbers */
	phys_addr_t mask;
};

static struct worker workers[WORKERS];

/* Random pieces, a page each. */
static u32 make_pieces(struct worker *w, u32 nr)
{
	u32 i, bytes = 0;

	for (i = 0; i < nr; i++) {
		u32 offset = random_below(&w->seed, PAGE_SIZE);
		u32 len = 1 + random_below(&w->seed, PAGE_SIZE - offset);

		w->vec[i] = (struct bio_vec){ w->page[i], len, offset };
		bytes += len;
	}
	return bytes;
}

static bool one_transfer(struct worker *w, u32 seed)
{
	u32 nr = 1 + random_below(&w->seed, WORKER_PAGES), i;
	struct job job = { .nr = nr, .seed = seed, .right = true };
	u32 flags;

	job.write = random_below(&w->seed, 2);
	job.bytes = make_pieces(w, nr);
	for (i = 0; i < nr; i++)
		page_fill(w->page[i], job.write ? seed : seed + 1);
	job.bounce = bounce_begin(w->vec, nr, w->mask, job.write);
	flags = spin_lock_irqsave(&jobs_lock);
	list_add_tail(&job.list, &jobs);
	spin_unlock_irqrestore(&jobs_lock, flags);
	wait_event(job_done, job.done);
	for (i = 0; i < nr; i++)
		job.right &= piece_is(&w->vec[i], seed) &&
			     page_is_outside(&w->vec[i], job.write ? seed :
					     seed + 1);
	return job.right;
}

static int work(void *data)
{
	struct worker *w = data;
	u32 i;
	int wrong = 0;

	for (i = 0; i < TRANSFERS; i++)
		wrong += !one_transfer(w, 2 * i);
	return wrong;
}

static bool workers_have_pages(void)
{
	bool ok = true;
	u32 i, k;

	for (i = 0; i < WORKERS; i++) {
		workers[i].seed = 1000 + i;
		workers[i].mask = i & 1 ? PCI_MASK : BOUNCE_ISA_MASK;
		for (k = 0; k < WORKER_PAGES; k++) {
			workers[i].page[k] = alloc_page(GFP_HIGHUSER);
			ok &= EXPECT(workers[i].page[k]);
		}
	}
	return ok;
}

static void workers_end(void)
{
	u32 i, k;

	for (i = 0; i < WORKERS; i++)
		for (k = 0; k < WORKER_PAGES; k++)
			__free_page(workers[i].page[k]);
}

/* Threads that do not begin before there is no memory. */
static DECLARE_WAIT_QUEUE_HEAD(memory_gone);
static volatile bool gone;

static int work_then(void *data)
{
	wait_event(memory_gone, gone);
	return work(data);
}

/* All must be done in a time that a wait for 5 s (poolwait.c) would exceed;
 * what hangs is let go then. */
static void all_work(void (*begin)(void), void (*end)(void))
{
	struct crew crew = { .n = 0 };
	u32 until, i;

	jobs_done = 0;
	gone = false;
	for (i = 0; i < WORKERS; i++)
		crew_add(&crew, 16, work_then, &workers[i]);
	begin();
	gone = true;
	wake_up_all(&memory_gone);
	until = jiffies + 30 * hz;
	while (jobs_done < WORKERS * TRANSFERS && !time_after(jiffies, until))
		msleep(10);
	EXPECT_EQ(jobs_done, WORKERS * TRANSFERS);
	EXPECT_EQ(crew_join(&crew), 0);
	end();
}

static void nothing(void)
{
}

TEST(bounce_pool, hundreds_of_transfers_from_what_is_kept)
{
	if (!scarce())
		return;
	REQUIRE(workers_have_pages());
	REQUIRE(rtc_start(device_interrupts, &jobs));
	all_work(nothing, nothing);
	rtc_stop(&jobs);
	workers_end();
	plenty();
}

static void hog(void)
{
	EXPECT(hog_all());
}

TEST(bounce_pool, hundreds_of_transfers_without_memory)
{
	if (!scarce())
		return;
	fail_nth(&fail_bounce, 0);
	REQUIRE(workers_have_pages());
	REQUIRE(rtc_start(device_interrupts, &jobs));
	all_work(hog, hog_end);
	rtc_stop(&jobs);
	workers_end();
	plenty();
}

/* --- a pool that cannot be filled --- */

static struct bounce_pool small = { .name = "test's", .zone = GFP_DMA };

static void filled_with(u32 fail_at, u32 times, u32 limit)
{
	struct fail_plan plan = { .how = FAIL_NTH, .n = fail_at,
				  .times = times };

	small.limit = 8;
	small.pages = NULL;
	fail_set(&fail_bounce, &plan);
	bounce_fill(&small);
	fail_nth(&fail_bounce, 0);
	EXPECT_EQ(small.limit, limit);
	EXPECT_EQ(small.pages ? small.pages->curr_nr : 0, limit);
	EXPECT_EQ(mempool_destroy(small.pages), 0);
}

TEST(bounce_pool, filled_as_far_as_there_is)
{
	struct fail_plan off = { .how = FAIL_OFF };

	test_allow_warnings(3);
	fail_set(&fail_bounce, &off);
	filled_with(9, 1, 8);
	filled_with(8, 1, 4);
	filled_with(1, 2, 2);
	filled_with(1, 4, 0);
}

/* --- the books --- */

static u32 told;

static void tell(const char *sentence)
{
	told++;
}

/* So many differences are found, and told. */
#define FOUND(n) do {							\
	told = 0;							\
	EXPECT_EQ(check_bounce(tell), (n));				\
	EXPECT_EQ(told, (n));						\
} while (0)

#define WITH(place, value, n) do {					\
	typeof(place) before_ = (place);				\
									\
	(place) = (value);						\
	FOUND(n);							\
	(place) = before_;						\
} while (0)

TEST(bounce_pool, check_notices)
{
	struct bounce_pool *isa = &bounce_pools[BOUNCE_ISA];
	struct page *low;
	struct bounce *b;

	if (!isa_is_scarce())
		return;
	low = bounce_pools[BOUNCE_LOWMEM].pages->elements[0];
	b = bounce_begin(vec, 4, BOUNCE_ISA_MASK, false);
	FOUND(0);
	WITH(isa->used, 5, 1);
	WITH(isa->pages->out, 5, 1 + 1);
	WITH(isa->pages->curr_nr, 11, 1);
	WITH(bounce_structs->out, 0, 1 + 1);
	WITH(b->vec[1].bv_offset, 65, 1);
	WITH(b->vec[1].bv_len, 65, 1);
	WITH(b->kept, 3, 1);
	WITH(b->kept, 5, 1 + 1);
	WITH(b->vec[1].bv_page, b->page[2], 1);
	/* it counts as the caller's: one less, and those behind are others */
	WITH(b->vec[3].bv_page, b->from[3].bv_page, 1 + 1);
	WITH(b->page[0]->_count.counter, 2, 1);
	/* not of the ISA pool */
	WITH(isa->pages->elements[0], low,
	     page_to_pfn(low) >= MAX_DMA_PFN);
	FOUND(0);
	bounce_end(b, 0);
	FOUND(0);
	plenty();
}
