/*
 * 1. Classes. All locks of one name are one class: what is true of one zone's
 *    lock is true of each.
 *
 * 2. Order. When b is taken while a is held, the pair is noted with the place
 *    where that was. If from b a chain of such pairs leads back to a, two CPUs
 *    could each hold one end and wait for the other: that is reported, though
 *    it has not happened. So every pair of places needs to run only once, one
 *    after the other, on one CPU.
 *
 * 3. Context. A class that an interrupt handler takes must never be taken with
 *    interrupts on: the handler could come while it is held. One that a softirq
 *    takes, not with both interrupts and softirqs on.
 *
 * 4. Spin locks are released by the CPU that took them, so what is held is kept
 *    for each CPU; locks whose holders sleep are kept for each thread.
 *
 * 5. What is found is told once: the pair is noted all the same, the class is
 *    marked.
 *
 * Nothing here takes a lock: the books are changed with interrupts off, and
 * another CPU sees a pair at worst once more.
 */
#include <kernel/cpu/lockcheck.h>
#include <kernel/lib/string.h>

#define CLASSES 64U		/* guessed: there are 25 names */

struct lock_class {
	const char *name;
	/* where it was taken last; 0: never */
	u32 hard_site;		/* in a handler */
	u32 soft_site;		/* in a softirq */
	u32 open_site;		/* with interrupts on */
	u32 bh_open_site;	/* and with softirqs not kept away */
	bool told;
};

bool lock_checks;
u32 lock_mistakes[NR_LOCK_MISTAKES];
void (*lock_report_hook)(const struct lock_report *report);

static struct lock_class classes[CLASSES];
static u32 nr_classes;
static u32 order_site[CLASSES][CLASSES];	/* [a][b]: b inside a; 0 */
static struct held_locks spin_held[NR_CPUS];

/* --- the books --- */

/* CLASSES: there is no room for one more; such locks are not looked after. */
static u32 class_of(const char *name)
{
	u32 i;

	for (i = 0; i < nr_classes; i++)
		if (classes[i].name == name || !strcmp(classes[i].name, name))
			return i;
	if (nr_classes == CLASSES)
		return CLASSES;
	classes[nr_classes].name = name;
	return nr_classes++;
}

u32 lock_orders(void)
{
	u32 a, b, n = 0;

	for (a = 0; a < nr_classes; a++)
		for (b = 0; b < nr_classes; b++)
			n += order_site[a][b] != 0;
	return n;
}

void lock_forget(const char *prefix)
{
	u32 i, j;

	for (i = 0; i < nr_classes; i++) {
		if (strncmp(classes[i].name, prefix, strlen(prefix)))
			continue;
		classes[i].hard_site = classes[i].soft_site = 0;
		classes[i].open_site = classes[i].bh_open_site = 0;
		classes[i].told = false;
		for (j = 0; j < nr_classes; j++)
			order_site[i][j] = order_site[j][i] = 0;
	}
}

/* --- reports --- */

static void add_link(struct lock_link *links, u32 *n, u32 class, u32 site)
{
	if (*n < LOCK_CHAIN_MOST)
		links[(*n)++] = (struct lock_link){
			.name = classes[class].name, .site = site,
		};
}

static void add_held(struct lock_report *report, const struct held_locks *held)
{
	u32 i;

	for (i = 0; i < min(held->count, LOCK_CHAIN_MOST); i++)
		add_link(report->now, &report->nr_now, held->class[i], 0);
}

static void tell(struct lock_report *report, enum lock_mistake mistake,
		 const char *name, u32 site)
{
	report->mistake = mistake;
	report->lock = (struct lock_link){ .name = name, .site = site };
	add_held(report, &thread_part()->held);
	add_held(report, &spin_held[smp_processor_id()]);
	lock_mistakes[mistake]++;
	if (lock_report_hook)
		lock_report_hook(report);
}

/* --- order --- */

/* A chain of pairs from `from` to `to`, into report->before. */
static bool chain(u32 from, u32 to, u8 *seen, struct lock_report *report)
{
	u32 next, kept = report->nr_before;

	seen[from] = 1;
	for (next = 0; next < nr_classes; next++) {
		if (!order_site[from][next] || seen[next])
			continue;
		add_link(report->before, &report->nr_before, next,
			 order_site[from][next]);
		if (next == to || chain(next, to, seen, report))
			return true;
		report->nr_before = kept;
	}
	return false;
}

static void note_order(u32 outer, u32 inner, u32 site)
{
	struct lock_report report = { .nr_now = 0 };
	u8 seen[CLASSES] = { 0 };

	if (order_site[outer][inner])
		return;
	order_site[outer][inner] = site;
	if (outer == inner)
		return;		/* two of a kind: their own rule orders them */
	add_link(report.before, &report.nr_before, inner, 0);
	if (chain(inner, outer, seen, &report))
		tell(&report, LOCK_ORDER, classes[inner].name, site);
}

static void note_orders(const struct held_locks *held, u32 class, u32 site)
{
	u32 i;

	for (i = 0; i < min(held->count, LOCK_CHAIN_MOST); i++)
		note_order(held->class[i], class, site);
}

/* --- context --- */

/* Who only tries in an interrupt waits for nobody: that is no danger. */
static void note_context(u32 class, u32 site, bool tried)
{
	struct lock_class *c = &classes[class];
	struct lock_report report = { .nr_now = 0 };

	if (in_irq()) {
		if (!tried)
			c->hard_site = site;
	} else {
		if (serving_softirq() && !tried)
			c->soft_site = site;
		if (!irqs_disabled())
			c->open_site = site;
		if (!irqs_disabled() && !in_softirq())
			c->bh_open_site = site;
	}
	if (c->told || !((c->hard_site && c->open_site) ||
			 (c->soft_site && c->bh_open_site)))
		return;
	c->told = true;
	add_link(report.before, &report.nr_before, class,
		 c->hard_site && c->open_site ? c->hard_site : c->soft_site);
	add_link(report.before, &report.nr_before, class,
		 c->hard_site && c->open_site ? c->open_site :
						c->bh_open_site);
	tell(&report, LOCK_IRQ, c->name, site);
}

static void push_held(struct held_locks *held, u32 class)
{
	if (held->count < LOCK_CHAIN_MOST)
		held->class[held->count] = (u8)class;
	held->count++;
}

/* The last one of that class goes, wherever it stands. */
static void pop_held(struct held_locks *held, u32 class)
{
	u32 i = min(held->count, LOCK_CHAIN_MOST);

	while (i && held->class[i - 1] != class)
		i--;
	/* nor is it one of those that there was no room for */
	if (!i && held->count <= LOCK_CHAIN_MOST)
		return;
	held->count--;
	if (i)
		memmove(held->class + i - 1, held->class + i,
			LOCK_CHAIN_MOST - i);
}

/* --- spin locks --- */

/* tried: who only tries waits for nobody, in whatever order. */
static void acquired(spinlock_t *lock, u32 site, bool tried)
{
	u32 flags = local_irq_save(), class = class_of(lock->name);
	struct held_locks *held = &spin_held[smp_processor_id()];

	if (class < CLASSES) {
		if (!tried) {
			note_orders(&thread_part()->held, class, site);
			note_orders(held, class, site);
		}
		push_held(held, class);
	}
	local_irq_restore(flags);
	/* with interrupts as they were for who takes it */
	if (class < CLASSES)
		note_context(class, site, tried);
}

/* A lock that is looked after and free: it is ours now. */
static bool take_looked_after(spinlock_t *lock)
{
	u32 free = LOCK_HELD | LOCK_LOOK;
	u32 taken = lock_checks ? free | LOCK_OWNED : LOCK_HELD;

	return __atomic_compare_exchange_n(&lock->word, &free, taken, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static bool take(spinlock_t *lock, u32 site, bool tried)
{
	if (!take_looked_after(lock))
		return false;
	if (lock->word & LOCK_LOOK)
		acquired(lock, site, tried);
	return true;
}

bool fastcall spin_trylock_slow(spinlock_t *lock, u32 site)
{
	return take(lock, site, true);
}

/* With one CPU, who waits for a lock waits for ever. */
static void tell_if_hopeless(spinlock_t *lock, u32 site)
{
	struct lock_report report = { .nr_now = 0 };

	if (NR_CPUS > 1)
		return;
	tell(&report, LOCK_TWICE, lock->name, site);
	BUG("a lock is taken twice");
}

void fastcall spin_lock_slow(spinlock_t *lock, u32 site)
{
	while (!take(lock, site, false)) {
		if (!spin_test_and_set(lock))
			return;
		tell_if_hopeless(lock, site);
		cpu_relax();
	}
}

void fastcall spin_unlock_slow(spinlock_t *lock)
{
	struct lock_report report = { .nr_now = 0 };
	u32 flags;

	if (lock->word != (LOCK_HELD | LOCK_LOOK | LOCK_OWNED)) {
		tell(&report, LOCK_NOT_HELD, lock->name, spin_site());
		BUG("the lock that this needs is not held");
	}
	flags = local_irq_save();
	pop_held(&spin_held[smp_processor_id()], class_of(lock->name));
	lock->word = LOCK_HELD | LOCK_LOOK;
	local_irq_restore(flags);
}

/* --- others --- */

void sleeping_lock_wanted(const char *name, u32 site)
{
	u32 flags = local_irq_save(), class = class_of(name);

	if (class < CLASSES)
		note_orders(&thread_part()->held, class, site);
	local_irq_restore(flags);
}

void sleeping_lock_acquired(const char *name)
{
	u32 flags = local_irq_save();
	u32 class = class_of(name);

	if (class < CLASSES)
		push_held(&thread_part()->held, class);
	local_irq_restore(flags);
}

void sleeping_lock_released(const char *name)
{
	u32 flags = local_irq_save();

	pop_held(&thread_part()->held, class_of(name));
	local_irq_restore(flags);
}
