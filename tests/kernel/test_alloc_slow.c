/*
 * The passes of an allocation that cannot be met at once, with made-up hooks in
 * the place of reclaim: who wakes whom, who may reclaim, who tries again, who
 * may dig below all marks, and what is said of a failure.
 *
 * One zone of 64 pages with the marks 8, 12 and 16 runs down to 8 pages first.
 * What the hooks free then are pages that the case holds.
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/threadflags.h>
#include <kernel/lib/printf.h>
#include "private_node.h"

#define ZONE_PAGES 64
#define MIN 8
#define LOW 12
#define HIGH 16
#define ENOUGH 50	/* calls: whoever asks so often would ask for ever */

/* What printk() prints between the two calls: test_cmdline.c. */
void record_start(void);
const char *record_stop(void);

static struct page *held[ZONE_PAGES];
static u32 nr_held;

/* What the hooks do: in which call of each pages are freed, and how many. */
static struct script {
	u32 at_reclaim, at_kill, at_wait;
	u32 pages;
	u32 progress;		/* what each reclaim reports */
	bool nobody;		/* can be killed */
	void (*inside)(void);	/* called in reclaim */
} script;

/* What the hooks saw. */
static struct seen {
	u32 wakeups, reclaims, kills, waits;
	struct zone *woken[8];
	u32 woken_free;		/* in the zone, at the first wakeup */
	unsigned int order;	/* as the last hook had it */
	gfp_t gfp;
	struct zonelist *zonelist;
	u32 irq_on;		/* hooks that ran with interrupts on */
} seen;

static void free_some(u32 pages)
{
	while (pages-- && nr_held)
		__free_page(held[--nr_held]);
}

/* n: the number of this call; at: of the call that frees. */
static void act(u32 n, u32 at)
{
	seen.irq_on += !!(read_eflags() & EFLAGS_IF);
	if (n == at)
		free_some(script.pages);
	if (n < ENOUGH)
		return;
	EXPECT(!"a hook is called again and again");
	free_some(ZONE_PAGES);
	script.progress = 1;
}

static void fake_wakeup(struct zone *zone, unsigned int order)
{
	if (!seen.wakeups)
		seen.woken_free = zone->free_pages;
	seen.woken[seen.wakeups++ % ARRAY_SIZE(seen.woken)] = zone;
	seen.order = order;
}

static u32 fake_reclaim(struct zonelist *zonelist, gfp_t gfp,
			unsigned int order)
{
	seen.zonelist = zonelist;
	seen.gfp = gfp;
	seen.order = order;
	act(++seen.reclaims, script.at_reclaim);
	if (script.inside)
		script.inside();
	return script.progress;
}

static bool fake_kill(struct zonelist *zonelist, gfp_t gfp, unsigned int order)
{
	seen.zonelist = zonelist;
	seen.gfp = gfp;
	seen.order = order;
	act(++seen.kills, script.at_kill);
	return !script.nobody;
}

static void fake_wait(void)
{
	act(++seen.waits, script.at_wait);
}

static const struct reclaim_hooks fakes = {
	.wakeup_kswapd = fake_wakeup, .try_to_free_pages = fake_reclaim,
	.out_of_memory = fake_kill, .congestion_wait = fake_wait,
};

static struct zonelist *zonelist(void)
{
	return &private_nodes.node[0]->node_zonelists[0];
}

static struct page *ask(gfp_t gfp, unsigned int order)
{
	return __alloc_pages(gfp | __GFP_NOWARN, order, zonelist());
}

/* The zone as above, down to `left` pages, and with the hooks. */
static struct zone *start(gfp_t gfp, u32 left)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, ZONE_PAGES);

	private_ready();
	zone_set_marks(zone, MIN, LOW, HIGH);
	nr_held = 0;
	while (nr_held < ZONE_PAGES - left && (held[nr_held] = ask(gfp, 0)))
		nr_held++;
	EXPECT_EQ(zone->free_pages, left);
	memset(&script, 0, sizeof(script));
	memset(&seen, 0, sizeof(seen));
	reclaim_hooks = fakes;
	return zone;
}

static void finish(struct page *page, unsigned int order)
{
	if (page)
		__free_pages(page, order);
	free_some(ZONE_PAGES);
}

#define EXPECT_CALLS(reclaims_, kills_, waits_) do {			\
	EXPECT_EQ(seen.reclaims, reclaims_);				\
	EXPECT_EQ(seen.kills, kills_);					\
	EXPECT_EQ(seen.waits, waits_);					\
} while (0)

#define EXPECT_ARGUMENTS(gfp_, order_) do {				\
	EXPECT(seen.zonelist == zonelist());				\
	EXPECT_EQ(seen.gfp, (gfp_) | __GFP_NOWARN);			\
	EXPECT_EQ(seen.order, order_);					\
} while (0)

/* --- waking --- */

TEST_PRIVATE(alloc_slow, wakes_kswapd_below_low, 6)
{
	struct zone *zone = start(GFP_KERNEL, ZONE_PAGES);

	while (zone->free_pages > LOW) {
		held[nr_held] = ask(GFP_KERNEL, 0);
		REQUIRE(held[nr_held++]);
		REQUIRE(EXPECT_EQ(seen.wakeups, 0));
	}
	held[nr_held] = ask(GFP_KERNEL, 0);
	REQUIRE(held[nr_held++]);
	EXPECT_EQ(seen.wakeups, 1);
	EXPECT(seen.woken[0] == zone);
	EXPECT_EQ(seen.woken_free, LOW);
	EXPECT_CALLS(0, 0, 0);
	finish(NULL, 0);
}

/* The CPU's own pages are no reason to let it sleep. */
TEST_PRIVATE(alloc_slow, wakes_though_the_cpu_has_pages, 6)
{
	struct zone *zone = start(GFP_KERNEL, LOW);

	__free_page(held[--nr_held]);
	EXPECT_EQ(nr_pcp_pages(zone), 1);
	held[nr_held++] = ask(GFP_KERNEL, 0);
	EXPECT_EQ(seen.wakeups, 1);
	finish(NULL, 0);
}

TEST_PRIVATE(alloc_slow, wakes_for_every_zone, 6)
{
	struct zone *dma = private_zone(0, ZONE_DMA, 0, 16);
	struct zone *normal = private_zone(0, ZONE_NORMAL, 16, 16);
	struct zone *away = private_zone(1, ZONE_NORMAL, 32, 32);
	struct page *page;

	private_ready();
	zone_set_marks(dma, 2, 16, 16);
	zone_set_marks(normal, 2, 16, 16);
	zone_set_marks(away, 2, 32, 32);
	memset(&seen, 0, sizeof(seen));
	reclaim_hooks = fakes;
	page = ask(GFP_ATOMIC, 2);
	EXPECT(page && page_zone(page) == normal);
	EXPECT_EQ(seen.wakeups, 3);
	EXPECT(seen.woken[0] == normal);
	EXPECT(seen.woken[1] == dma);
	EXPECT(seen.woken[2] == away);
	EXPECT_EQ(seen.order, 2);
	EXPECT_CALLS(0, 0, 0);
	__free_pages(page, 2);
}

TEST_PRIVATE(alloc_slow, only_who_may_wait_reclaims, 6)
{
	start(GFP_ATOMIC, MIN - MIN / 2 - 1);
	EXPECT(!ask(GFP_ATOMIC, 0));
	EXPECT(!ask(0, 0));
	EXPECT(!ask(GFP_ATOMIC, 4));
	EXPECT(!ask(GFP_ATOMIC | __GFP_FS | __GFP_IO, 0));
	EXPECT(!ask(GFP_ATOMIC | __GFP_REPEAT, 0));
	EXPECT_EQ(seen.wakeups, 5);
	EXPECT_CALLS(0, 0, 0);
	finish(NULL, 0);
}

/* Without hooks there is nobody to wait for. */
TEST_PRIVATE(alloc_slow, nobody_registered, 6)
{
	start(GFP_KERNEL, MIN);
	memset(&reclaim_hooks, 0, sizeof(reclaim_hooks));
	EXPECT(!ask(GFP_KERNEL, 0));
	EXPECT(!ask(GFP_KERNEL | __GFP_REPEAT, 3));
	/* a part of them is no trouble either */
	reclaim_hooks.try_to_free_pages = fake_reclaim;
	EXPECT(!ask(GFP_KERNEL, 0));
	EXPECT_CALLS(1, 0, 0);
	script.progress = script.at_reclaim = 4;
	script.pages = HIGH;
	held[nr_held] = ask(GFP_KERNEL, 0);
	EXPECT(held[nr_held++]);
	EXPECT_CALLS(4, 0, 0);
	finish(NULL, 0);
}

/* --- progress --- */

TEST_PRIVATE(alloc_slow, progress_gets_a_page, 6)
{
	u32 stalls = allocstall;
	struct page *page;

	start(GFP_KERNEL, MIN);
	script = (struct script){ .at_reclaim = 1, .pages = 10,
				  .progress = 10 };
	page = ask(GFP_KERNEL, 0);
	EXPECT(page);
	EXPECT_CALLS(1, 0, 0);
	EXPECT_ARGUMENTS(GFP_KERNEL, 0);
	EXPECT_EQ(allocstall - stalls, 1);
	finish(page, 0);
}

/* One page is enough for one page, though it lands with the CPU. */
TEST_PRIVATE(alloc_slow, one_page_of_progress_is_enough, 6)
{
	struct page *page;

	start(GFP_KERNEL, MIN);
	script = (struct script){ .at_reclaim = 1, .pages = 1, .progress = 1 };
	page = ask(GFP_KERNEL | __GFP_NORETRY, 0);
	EXPECT(page);
	EXPECT_CALLS(1, 0, 0);
	finish(page, 0);
}

/* Somebody else was faster, four times. */
TEST_PRIVATE(alloc_slow, small_blocks_are_tried_again, 6)
{
	u32 stalls = allocstall;
	struct page *page;

	start(GFP_KERNEL, MIN);
	script = (struct script){ .at_reclaim = 5, .pages = 40,
				  .progress = 1 };
	page = ask(GFP_NOIO, 3);
	EXPECT(page);
	EXPECT_CALLS(5, 0, 4);
	EXPECT_ARGUMENTS(GFP_NOIO, 3);
	EXPECT_EQ(allocstall - stalls, 5);
	finish(page, 3);
}

TEST_PRIVATE(alloc_slow, large_blocks_are_not, 6)
{
	struct page *page;

	start(GFP_KERNEL, MIN);
	script.progress = 1;
	EXPECT(!ask(GFP_KERNEL, 4));
	EXPECT_CALLS(1, 0, 0);
	script.at_reclaim = 3;
	script.pages = ZONE_PAGES;
	page = ask(GFP_KERNEL | __GFP_REPEAT, 4);
	EXPECT(page);
	EXPECT_CALLS(3, 0, 1);
	finish(page, 4);
}

TEST_PRIVATE(alloc_slow, noretry_is_one_pass, 6)
{
	start(GFP_KERNEL, MIN);
	script.progress = 1;
	EXPECT(!ask(GFP_KERNEL | __GFP_NORETRY, 0));
	EXPECT_CALLS(1, 0, 0);
	script.progress = 0;
	EXPECT(!ask(GFP_KERNEL | __GFP_NORETRY, 0));
	EXPECT_CALLS(2, 0, 0);
	EXPECT(!ask(GFP_KERNEL | __GFP_NORETRY | __GFP_REPEAT, 0));
	EXPECT_CALLS(3, 0, 0);
	finish(NULL, 0);
}

/* --- no progress --- */

TEST_PRIVATE(alloc_slow, no_progress_kills, 6)
{
	struct page *page;

	start(GFP_KERNEL, MIN);
	script = (struct script){ .at_kill = 1, .pages = 10 };
	page = ask(GFP_KERNEL, 1);
	EXPECT(page);
	EXPECT_CALLS(1, 1, 0);
	EXPECT_ARGUMENTS(GFP_KERNEL, 1);
	finish(page, 1);
}

TEST_PRIVATE(alloc_slow, kills_until_it_helps, 6)
{
	struct page *page;

	start(GFP_KERNEL, MIN);
	script = (struct script){ .at_kill = 4, .pages = 10 };
	page = ask(GFP_KERNEL, 0);
	EXPECT(page);
	EXPECT_EQ(seen.kills, 4);
	EXPECT_EQ(seen.reclaims, 4);
	/* each time all over again; after the last one there is plenty */
	EXPECT_EQ(seen.wakeups, 4);
	finish(page, 0);
}

/* Nobody can be killed: it fails, unless it must not. */
TEST_PRIVATE(alloc_slow, nobody_can_be_killed, 6)
{
	struct page *page;

	start(GFP_KERNEL, MIN);
	script.nobody = true;
	EXPECT(!ask(GFP_KERNEL, 0));
	EXPECT_CALLS(1, 1, 0);
	EXPECT(!ask(GFP_KERNEL | __GFP_REPEAT, 0));
	EXPECT_CALLS(2, 2, 0);
	script = (struct script){ .nobody = true, .at_wait = 3, .pages = 10 };
	page = ask(GFP_KERNEL | __GFP_NOFAIL, 0);
	EXPECT(page);
	EXPECT_CALLS(6, 5, 3);
	finish(page, 0);
}

/* A kill gives back single pages, and not where a device wants them. */
TEST_PRIVATE(alloc_slow, nobody_dies_for_what_would_not_help, 6)
{
	start(GFP_KERNEL, MIN);
	EXPECT(!ask(GFP_KERNEL, 4));
	EXPECT_CALLS(1, 0, 0);
	EXPECT(!ask(GFP_KERNEL | __GFP_NORETRY, 0));
	EXPECT_CALLS(2, 0, 0);
	script = (struct script){ .at_wait = 2, .pages = 10 };
	finish(ask(GFP_KERNEL | __GFP_DMA, 0), 0);
	EXPECT_CALLS(5, 0, 2);
}

/* pages come back without progress of one's own; how many kills follow? */
static u32 kills_after(u32 pages)
{
	struct page *page;

	start(GFP_KERNEL, MIN);
	script = (struct script){ .at_reclaim = 1, .pages = pages };
	page = ask(GFP_KERNEL, 0);
	EXPECT(page);
	EXPECT_CALLS(1, seen.kills, 0);
	finish(page, 0);
	return seen.kills;
}

/* From somebody else's kill, and enough to be that: no second victim. */
TEST_PRIVATE(alloc_slow, another_kill_is_noticed, 6)
{
	EXPECT_EQ(kills_after(HIGH - MIN + 1), 0);
}

TEST_PRIVATE(alloc_slow, another_kill_must_have_freed_enough, 6)
{
	EXPECT_EQ(kills_after(HIGH - MIN), 1);
}

/* Who must not enter a file system kills nobody; it waits. */
TEST_PRIVATE(alloc_slow, nofs_waits, 6)
{
	struct page *page;

	start(GFP_KERNEL, MIN);
	script = (struct script){ .at_wait = 3, .pages = 10 };
	page = ask(GFP_NOFS, 0);
	EXPECT(page);
	EXPECT_EQ(seen.kills, 0);
	EXPECT_EQ(seen.waits, 3);
	finish(page, 0);
	/* a large block does not even wait */
	memset(&seen, 0, sizeof(seen));
	script.at_wait = 0;
	EXPECT(!ask(GFP_NOFS, 6));
	EXPECT_CALLS(1, 0, 0);
}

/* --- must not fail --- */

TEST_PRIVATE(alloc_slow, nofail_goes_on, 6)
{
	struct page *page;

	start(GFP_KERNEL, MIN);
	script = (struct script){ .at_reclaim = 20, .pages = 10,
				  .progress = 1 };
	page = ask(GFP_KERNEL | __GFP_NOFAIL, 0);
	EXPECT(page);
	EXPECT_CALLS(20, 0, 19);
	finish(page, 0);
}

TEST_PRIVATE(alloc_slow, nofail_beats_noretry, 6)
{
	struct page *page;

	start(GFP_KERNEL, MIN);
	script = (struct script){ .at_wait = 7, .pages = 10 };
	page = ask(GFP_KERNEL | __GFP_NOFAIL | __GFP_NORETRY, 0);
	EXPECT(page);
	EXPECT_EQ(seen.kills, 0);
	EXPECT_EQ(seen.waits, 7);
	finish(page, 0);
}

TEST_PRIVATE(alloc_slow, nofail_of_a_large_block, 6)
{
	struct page *page;

	start(GFP_KERNEL, MIN);
	script = (struct script){ .at_reclaim = 6, .pages = ZONE_PAGES,
				  .progress = 1 };
	page = ask(GFP_NOFS | __GFP_NOFAIL, 5);
	EXPECT(page);
	EXPECT_CALLS(6, 0, 5);
	finish(page, 5);
}

/* Injected failures are for those who can bear one. */
TEST_PRIVATE(alloc_slow, nofail_and_injected_failures, 6)
{
	struct page *page;

	start(GFP_KERNEL, ZONE_PAGES);
	page_alloc_fail_nth(1);
	page = ask(GFP_KERNEL | __GFP_NOFAIL, 0);
	EXPECT(page);
	EXPECT(!ask(GFP_KERNEL, 0));
	finish(page, 0);
}

TEST_PANIC(alloc_slow, nofail_and_nobody_helps,
	   "no memory for a request that must not fail")
{
	struct zonelist nothing = { .zones = { NULL } };

	__alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 0, &nothing);
}

/* --- reclaim itself --- */

static u32 inside_got;

/* Takes single pages until there are no more, as reclaim would need them. */
static void take_with(gfp_t gfp)
{
	inside_got = 0;
	while (nr_held < ZONE_PAGES && (held[nr_held] = ask(gfp, 0))) {
		nr_held++;
		inside_got++;
	}
}

static void take_normal(void)
{
	take_with(GFP_KERNEL);
}

static void take_atomic(void)
{
	take_with(GFP_ATOMIC);
}

static void take_no_reserve(void)
{
	take_with(GFP_KERNEL | __GFP_NOMEMALLOC);
}

/* Down to the last page; it does not reclaim inside of reclaim. */
static void expect_inside(void (*inside)(void), u32 want)
{
	struct zone *zone = start(GFP_KERNEL, MIN);

	script.inside = inside;
	script.progress = 1;
	EXPECT(!ask(GFP_KERNEL, 4));
	EXPECT_EQ(inside_got, want);
	EXPECT_EQ(private_free(zone), MIN - want);
	EXPECT_CALLS(1, 0, 0);
	/* outside all is as before */
	script.inside = NULL;
	EXPECT(!ask(GFP_KERNEL | __GFP_NORETRY, 0));
	EXPECT_CALLS(2, 0, 0);
	finish(NULL, 0);
}

TEST_PRIVATE(alloc_slow, reclaim_may_take_all, 6)
{
	expect_inside(take_normal, MIN);
}

TEST_PRIVATE(alloc_slow, reclaim_may_take_all_atomic, 6)
{
	expect_inside(take_atomic, MIN);
}

/* lowmem_reserve is a mark, too. */
TEST_PRIVATE(alloc_slow, reclaim_may_take_what_is_kept, 6)
{
	struct zone *zone = start(GFP_KERNEL, MIN);

	zone->lowmem_reserve[ZONE_NORMAL] = 30;
	zone_set_marks(zone, MIN, LOW, HIGH);
	script.inside = take_normal;
	EXPECT(!ask(GFP_KERNEL | __GFP_NORETRY, 0));
	EXPECT_EQ(inside_got, MIN);
	finish(NULL, 0);
}

TEST_PRIVATE(alloc_slow, nomemalloc_keeps_off_the_reserve, 6)
{
	expect_inside(take_no_reserve, 0);
}

/* --- who was killed for its memory --- */

/* It takes the last page, and then it fails: nobody reclaims or dies for it. */
TEST_PRIVATE(alloc_slow, a_victim_may_take_all, 6)
{
	struct zone *zone = start(GFP_KERNEL, MIN);

	set_thread_flags(thread_part(), TF_MEMDIE);
	take_no_reserve();
	EXPECT_EQ(inside_got, 0);
	take_normal();
	clear_thread_flags(thread_part(), TF_MEMDIE);
	EXPECT_EQ(inside_got, MIN);
	EXPECT_EQ(private_free(zone), 0);
	EXPECT_CALLS(0, 0, 0);
	finish(NULL, 0);
}

static void becomes_a_victim(void)
{
	set_thread_flags(thread_part(), TF_MEMDIE);
}

/* Chosen while it reclaims: from then on the same. */
TEST_PRIVATE(alloc_slow, a_victim_does_not_go_on, 6)
{
	start(GFP_KERNEL, MIN);
	script.inside = becomes_a_victim;
	script.progress = 1;
	EXPECT(!ask(GFP_KERNEL | __GFP_NOMEMALLOC, 0));
	clear_thread_flags(thread_part(), TF_MEMDIE);
	EXPECT_CALLS(1, 0, 0);
	finish(NULL, 0);
}

/* --- interrupts --- */

static void reclaim_once(bool irq_on)
{
	struct page *page;
	u32 flags;

	start(GFP_KERNEL, MIN);
	script = (struct script){ .at_kill = 1, .pages = 10 };
	flags = local_irq_save();
	/* every line of both 8259s is masked: nothing will come */
	write_eflags(irq_on ? flags | EFLAGS_IF : flags & ~EFLAGS_IF);
	page = ask(GFP_KERNEL, 0);
	EXPECT_EQ(!!(read_eflags() & EFLAGS_IF), irq_on);
	local_irq_restore(flags);
	EXPECT(page);
	/* what may sleep is called as the caller was */
	EXPECT_EQ(seen.irq_on, irq_on ? 2 : 0);
	EXPECT_CALLS(1, 1, 0);
	finish(page, 0);
}

TEST_PRIVATE(alloc_slow, hooks_with_interrupts_on, 6)
{
	reclaim_once(true);
}

TEST_PRIVATE(alloc_slow, hooks_with_interrupts_off, 6)
{
	reclaim_once(false);
}

/* --- what is said --- */

static __noinline void *request(gfp_t gfp, unsigned int order)
{
	return __alloc_pages(gfp, order, zonelist());
}

/* The complaint about one failed request; NULL if it did not fail. */
static const char *complaint(gfp_t gfp, unsigned int order)
{
	void *page;

	record_start();
	page = request(gfp, order);
	record_stop();
	return page ? NULL : record_stop();
}

static void expect_complaint(gfp_t gfp, unsigned int order)
{
	const char *text = complaint(gfp, order);
	char want[80];

	/* the reference's line, and below it who asked */
	snprintf(want, sizeof(want), "warning: swapper: page allocation "
		 "failure. order:%u, mode:0x%x\n  asked for by request+0x",
		 order, gfp);
	REQUIRE(text);
	EXPECT(!strncmp(text, want, strlen(want)));
	text = strchr(text, '\n') + 1;
	EXPECT(strchr(text, '\n') == text + strlen(text) - 1);
}

TEST_PRIVATE(alloc_slow, failure_is_told_once, 6)
{
	start(GFP_ATOMIC, MIN - MIN / 2 - 1);
	expect_complaint(GFP_ATOMIC, 0);
	expect_complaint(GFP_KERNEL | __GFP_NORETRY | __GFP_ZERO, 3);
	script.progress = 1;
	expect_complaint(GFP_KERNEL | __GFP_COMP, 10);
	test_allow_warnings(3);
	finish(NULL, 0);
}

TEST_PRIVATE(alloc_slow, nowarn_says_nothing, 6)
{
	start(GFP_ATOMIC, MIN - MIN / 2 - 1);
	EXPECT_STREQ(complaint(GFP_ATOMIC | __GFP_NOWARN, 0), "");
	EXPECT_STREQ(complaint(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 2),
		     "");
	/* no block is that large: not worth a word either */
	EXPECT_STREQ(complaint(GFP_KERNEL, MAX_ORDER), "");
	EXPECT_STREQ(complaint(GFP_KERNEL, ~0U), "");
	finish(NULL, 0);
}
