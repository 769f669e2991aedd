/*
 * Dirty pages go out by themselves.
 *
 * 1. When. One thread, "pdflush", looks each interval. It writes out what has
 *    been dirty for expire_ms; then, if more than background_ratio percent of
 *    the pages that can be had are dirty, all it finds until there are fewer.
 *    Whoever needs clean pages asks it for some (wakeup_writeback()). The pages
 *    that can be had are the free ones and those of the cache: what is private
 *    memory cannot become clean by writing files.
 *
 * 2. Whose. Age is kept by the address_space, not by the page: dirtied_when,
 *    which no dirty page of it has been dirty before. It is set when the first
 *    page becomes dirty, and when a pass over all its dirty pages has ended:
 *    what is dirty then became so behind the begin of that pass. So a page
 *    waits for expire_ms and an interval at most, however busy its file is.
 *
 * 3. An address_space may end while its pages are written: nothing of it is
 *    touched but under its tree_lock, or with one of its pages locked or being
 *    written, for which its end waits. A walk (mappings.c) leads from batch to
 *    batch.
 *
 * 4. Writers are slowed down. Each looks at every 32nd page that it wrote to;
 *    above dirty_ratio, pages on their way included, it writes some pages of
 *    its own file and waits for ends of writes, until there are fewer. So there
 *    are never more than the ratio and 32 for each writer. If nothing moves for
 *    long it goes on all the same: what is wrong then is not for it to cure.
 *    Pages that are written to through areas count when somebody collects
 *    their dirty bits; nobody waits for these.
 *
 * 5. Errors. The thread tells nobody: they are noted in the address_space, and
 *    whoever asks next (fsync(), msync()) is told. A page that could not even
 *    begin stays dirty, and is tried again after expire_ms.
 *
 * Locks: one page's at a time, and tree_lock. Cost: of a page on its way, that
 * of writepage(); a round that finds nothing is one look at an empty list.
 */
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/bug.h>
#include <kernel/sched/wait.h>
#include <mm/cache/internal.h>
#include <mm/cache/writeback.h>
#include <mm/page/page_alloc.h>

#define AT_ONCE 16U		/* guessed: pages looked up in one go */
#define ALL_PAGES (~0U)
#define OWN_SHARE 48U		/* the reference's: half more than 32 */
#define PATIENCE 100U		/* guessed: waits without an end of a write */
#define CONGESTION_MS 100U	/* the reference's: a tenth of a second */

/* the reference's numbers */
struct writeback_limits writeback_limits = {
	.background_ratio = 10, .dirty_ratio = 40,
	.interval_ms = 5000, .expire_ms = 30000,
};

static DECLARE_WAIT_QUEUE_HEAD(work);
static u32 wanted;		/* pages that somebody asked for */
static bool look;		/* an interval is over */

/* --- how many are too many --- */

static u32 percent_of_pages(u32 percent)
{
	u32 pages = nr_unused_pages() + page_cache_pages();

	return pages / 100 * percent + pages % 100 * percent / 100;
}

u32 dirty_background_limit(void)
{
	return percent_of_pages(writeback_limits.background_ratio);
}

u32 dirty_limit(void)
{
	return percent_of_pages(writeback_limits.dirty_ratio);
}

/* --- a pass over all that are dirty --- */

struct pass {
	u32 before;		/* jiffies: only those dirty since then, or for
				 * longer */
	u32 most;		/* pages: it ends behind the batch with this */
	bool background;	/* it ends when there are few enough */
	u32 written;
};

static bool is_over(const struct pass *pass)
{
	return pass->written >= pass->most ||
	       (pass->background && nr_dirty_pages() <=
				    dirty_background_limit());
}

static void write_batch(struct address_space *mapping, struct page **page,
			u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		write_one_page(mapping, page[i]);
		put_page(page[i]);
	}
}

/* One of them, whose lock is held; it is let go. */
static void sweep(struct pass *pass, struct mapping_walk *walk,
		  struct address_space *mapping)
{
	u32 began = jiffies, first = 0, n;
	struct page *page[AT_ONCE];
	bool last;

	do {
		n = get_pages_tag(mapping, first, PAGECACHE_TAG_DIRTY, AT_ONCE,
				  page);
		first = n ? page[n - 1]->index + 1 : 0;
		last = n < AT_ONCE || !first;
		if (last)
			mapping->dirtied_when = began;
		spin_unlock_irq(&mapping->tree_lock);
		write_batch(mapping, page, n);
		pass->written += n;
		cond_resched();
		if (last || is_over(pass))
			return;
		mapping = mapping_walk_again(walk);
	} while (mapping);
}

static void write_pass(struct pass *pass)
{
	struct address_space *mapping;
	struct mapping_walk walk;

	mapping_walk_begin(&walk, DIRTY_MAPPINGS);
	while (!is_over(pass) && (mapping = mapping_walk_next(&walk))) {
		if (time_before_eq(mapping->dirtied_when, pass->before))
			sweep(pass, &walk, mapping);
		else
			spin_unlock_irq(&mapping->tree_lock);
	}
	mapping_walk_end(&walk);
}

/* --- the thread --- */

static void write_wanted(void)
{
	struct pass pass = {
		.before = jiffies,
		.most = __atomic_exchange_n(&wanted, 0, __ATOMIC_SEQ_CST),
	};

	write_pass(&pass);
}

static void write_old(void)
{
	struct pass pass = {
		.before = jiffies -
			  msecs_to_jiffies(writeback_limits.expire_ms),
		.most = ALL_PAGES,
	};

	write_pass(&pass);
}

/* Until there are few enough, or none that can be written. */
static void write_many(void)
{
	struct pass pass;

	do {
		pass = (struct pass){
			.before = jiffies, .most = ALL_PAGES,
			.background = true,
		};
		write_pass(&pass);
	} while (pass.written && !is_over(&pass));
}

static int pdflush(void *unused)
{
	for (;;) {
		wait_event_interruptible(work, look || wanted);
		look = false;
		write_wanted();
		write_old();
		write_many();
	}
	return 0;
}

static void interval_is_over(unsigned long unused)
{
	look = true;
	wake_up(&work);
}

/* A periodic one is on the wheel always, at work or at rest: who counts timers
 * sees one and the same number. */
static struct timer_list interval;

void set_writeback_limits(const struct writeback_limits *limits)
{
	might_sleep();
	BUG_ON(!limits->interval_ms, "write-back has no time between rounds");
	del_timer_sync(&interval);
	writeback_limits = *limits;
	interval.period = max(msecs_to_jiffies(limits->interval_ms), 1U);
	mod_timer(&interval, jiffies + interval.period);
}

void wakeup_writeback(u32 nr)
{
	u32 was = wanted;

	nr = nr ? nr : ALL_PAGES;
	while (was < nr &&
	       !__atomic_compare_exchange_n(&wanted, &was, nr, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	wake_up(&work);
}

void __init writeback_init(void)
{
	const struct writeback_limits limits = writeback_limits;
	struct task *task;

	setup_timer(&interval, interval_is_over, 0);
	task = kthread_run(pdflush, NULL, "pdflush");
	BUG_ON(!task, "no memory for the thread that writes dirty pages");
	put_task(task);
	set_writeback_limits(&limits);
}

/* --- those who wait --- */

static DECLARE_WAIT_QUEUE_HEAD(writes);

void note_write_end(void)
{
	if (waitqueue_active(&writes))
		wake_up_all(&writes);
}

void congestion_wait(void)
{
	DEFINE_WAIT(wait);

	might_sleep();
	prepare_to_wait(&writes, &wait, TASK_UNINTERRUPTIBLE);
	schedule_timeout(max(msecs_to_jiffies(CONGESTION_MS), 1U));
	finish_wait(&writes, &wait);
}

static u32 dirty_or_written(void)
{
	return nr_dirty_pages() + nr_writeback_pages();
}

/* Are there too many? The thread is told in time, before writers wait. */
static bool must_wait(void)
{
	u32 n = dirty_or_written();

	if (n > dirty_background_limit() && !look) {
		look = true;
		wake_up(&work);
	}
	return n > dirty_limit();
}

void balance_dirty_pages(struct address_space *mapping)
{
	u32 least = ~0U, waits = 0, n;

	might_sleep();
	if (!has_below(mapping))
		return;
	while (must_wait() && waits++ < PATIENCE) {
		write_some(mapping, OWN_SHARE);
		n = dirty_or_written();
		if (n <= dirty_limit())
			return;
		congestion_wait();
		if (n < least)
			waits = 0;
		least = min(least, n);
	}
}

/* Each CPU counts what its writers did. */
static u32 written_to[NR_CPUS];

void balance_dirty_pages_ratelimited(struct address_space *mapping)
{
	u32 *n = &written_to[smp_processor_id()];

	if (__atomic_add_fetch(n, 1, __ATOMIC_RELAXED) % DIRTY_CHECK_EACH)
		return;
	balance_dirty_pages(mapping);
}

/* --- all of it --- */

/* Until what is being written of one of them has ended; its lock is held, and
 * let go. */
static void wait_for(struct mapping_walk *walk, struct address_space *mapping)
{
	struct page *page[AT_ONCE];
	u32 first = 0, n, i;

	do {
		n = get_pages_tag(mapping, first, PAGECACHE_TAG_WRITEBACK,
				  AT_ONCE, page);
		first = n ? page[n - 1]->index + 1 : 0;
		spin_unlock_irq(&mapping->tree_lock);
		for (i = 0; i < n; i++) {
			wait_on_page_writeback(page[i]);
			put_page(page[i]);
		}
		if (n < AT_ONCE || !first)
			return;
		mapping = mapping_walk_again(walk);
	} while (mapping);
}

static void wait_for_all(void)
{
	struct address_space *mapping;
	struct mapping_walk walk;

	mapping_walk_begin(&walk, ALL_MAPPINGS);
	while ((mapping = mapping_walk_next(&walk)))
		wait_for(&walk, mapping);
	mapping_walk_end(&walk);
}

void sync_all_mappings(void)
{
	struct pass pass = { .before = jiffies, .most = ALL_PAGES };

	might_sleep();
	write_pass(&pass);
	wait_for_all();
}
