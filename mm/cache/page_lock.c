/*
 * Waiting for a page: until it is not locked, or not being written.
 *
 * 1. Where one waits. A wait queue in each page would be a quarter of its size,
 *    and hardly any page ever has somebody waiting. So pages share places: a
 *    table with one for each 256 pages, chosen by the page's address; who waits
 *    says for which page, and for what.
 *
 * 2. The short way. Locking is one atomic instruction, and so is unlocking: it
 *    subtracts PG_locked, which is set and is the lowest bit, and gets all of
 *    flags as they were with it. Only if PG_waiters is among them does it look
 *    into the table.
 *
 * 3. PG_waiters. A waiter, with the place's lock, gets on the list and sets the
 *    flag; a waker, with that lock, clears it if nobody is left for the page.
 *    So under the lock: who is on the list has the flag set. It may be set
 *    without anybody on the list; that costs the next unlock a look.
 *
 * 4. Nothing is lost. The waiter sets PG_waiters first and looks at the state
 *    then; the waker changes the state and gets PG_waiters with it, or reads it
 *    behind it. All of these are locked instructions, in one order for all
 *    CPUs: either the waiter sees the new state, or the waker the flag. And the
 *    waker then finds the waiter on the list, as it was there before the flag.
 *
 * 5. Who wants to lock is woken alone, in the order of arrival; who only waits
 *    for the end, always. Who is woken to lock may find that another was
 *    faster; then it waits again, behind the others. It does not lose its wake
 *    for them: whoever was faster unlocks, too, and the flag is set again
 *    before it is looked at.
 *
 * 6. The waker may have no user of the page any more when it looks into the
 *    table, and the page may be another's by then. It wakes whoever waits for
 *    the same address, who looks again; section 3 holds for any page.
 *
 * Locks: page_wait.lock, interrupts off; the run queue's inside of it.
 */
#include <kernel/lib/bug.h>
#include <mm/cache/internal.h>
#include <mm/object/kmalloc.h>
#include <mm/page/page_alloc.h>

#define PAGES_PER_PLACE 256U	/* the reference's, as are the next two */
#define FEWEST_PLACES 4U
#define MOST_PLACES 4096U

struct place {
	spinlock_t lock;
	struct list_head waiters;	/* who came first first */
};

struct page_waiter {
	struct list_head list;		/* empty: on no list */
	struct task *task;
	struct page *page;
	enum page_flag flag;		/* until this is clear */
	bool locks;			/* and sets it again */
};

static struct place *places;
static u32 place_shift;			/* 32 - log2(places) */

/* 2^32 / golden ratio / 32, the size of struct page: see kmap_hash(). */
u32 page_place(const struct page *page)
{
	return (u32)(uintptr_t)page * 0x04f1bbcdU >> place_shift;
}

static struct place *place_of(const struct page *page)
{
	return &places[page_place(page)];
}

/* --- waiting --- */

static void begin_to_wait(struct place *place, struct page_waiter *w)
{
	u32 flags = spin_lock_irqsave(&place->lock);

	if (list_empty(&w->list))
		list_add_tail(&w->list, &place->waiters);
	SetPageWaiters(w->page);
	set_current_state(TASK_UNINTERRUPTIBLE);
	spin_unlock_irqrestore(&place->lock, flags);
}

static void end_to_wait(struct place *place, struct page_waiter *w)
{
	u32 flags = spin_lock_irqsave(&place->lock);

	current->state = TASK_RUNNING;
	list_del_init(&w->list);
	spin_unlock_irqrestore(&place->lock, flags);
}

static bool is_over(const struct page_waiter *w)
{
	if (w->locks)
		return trylock_page(w->page);
	return !(*(volatile u32 *)&w->page->flags >> w->flag & 1);
}

static void wait(struct page *page, enum page_flag flag, bool locks)
{
	struct place *place = place_of(page);
	struct page_waiter w = {
		.list = LIST_HEAD_INIT(w.list), .task = current, .page = page,
		.flag = flag, .locks = locks,
	};

	might_sleep();
	do {
		begin_to_wait(place, &w);
		if (is_over(&w))
			break;
		schedule();
	} while (!is_over(&w));
	end_to_wait(place, &w);
}

void fastcall lock_page_slow(struct page *page)
{
	wait(page, PG_locked, true);
}

void wait_on_page_locked(struct page *page)
{
	might_sleep();
	if (unlikely(PageLocked(page)))
		wait(page, PG_locked, false);
}

void wait_on_page_writeback(struct page *page)
{
	might_sleep();
	if (unlikely(PageWriteback(page)))
		wait(page, PG_writeback, false);
}

/* --- waking --- */

/* Wakes those that wait for it; true: others are left that wait for the page.
 * The lock is held. */
static bool wake_some(struct place *place, struct page *page,
		      enum page_flag flag)
{
	struct page_waiter *w, *next;
	bool left = false, one_locks = false;

	list_for_each_entry_safe(w, next, &place->waiters, list) {
		if (w->page != page)
			continue;
		if (w->flag != flag || (w->locks && one_locks)) {
			left = true;
			continue;
		}
		one_locks |= w->locks;
		/* it stays there until it has had the lock: end_to_wait() */
		list_del_init(&w->list);
		try_to_wake_up(w->task, TASK_UNINTERRUPTIBLE);
	}
	return left;
}

void fastcall wake_page(struct page *page, enum page_flag flag)
{
	struct place *place = place_of(page);
	u32 flags = spin_lock_irqsave(&place->lock);

	if (!wake_some(place, page, flag))
		ClearPageWaiters(page);
	spin_unlock_irqrestore(&place->lock, flags);
}

/* --- boot --- */

static u32 __init nr_places(void)
{
	u32 n = FEWEST_PLACES;

	while (n < MOST_PLACES && n < totalram_pages / PAGES_PER_PLACE)
		n *= 2;
	return n;
}

void __init page_lock_init(void)
{
	u32 n = nr_places(), i;

	places = kmalloc(n * sizeof(*places), GFP_KERNEL);
	BUG_ON(!places, "no memory for those who wait for pages");
	for (i = 0; i < n; i++) {
		spin_lock_init(&places[i].lock, "page_wait.lock");
		INIT_LIST_HEAD(&places[i].waiters);
	}
	for (place_shift = 32; n > 1; n /= 2)
		place_shift--;
}
