/*
 * slabinfo and slabtop.
 *
 * 1. The format is that of Linux's /proc/slabinfo, version 2.1, to the blank:
 *
 *	objsize		bytes of a buffer, with what debugging adds
 *	num_objs	buffers of all slabs
 *	sharedavail	what lies in shared arrays
 *	active_slabs	slabs that are not empty
 *
 * 2. active_objs are the objects that users have. Linux's number has what lies
 *    on the CPUs' stacks and in shared arrays, too, as its slabs do: it says
 *    how much memory is held, but moves with every batch. Here it is what was
 *    allocated less what was freed: if it is the same before and after,
 *    nothing leaked between.
 *
 * 3. Who reads checks, as the reference does: each slab is counted, and the
 *    list it is on, its `inuse`, its bits and the counters of the node must
 *    tell the same. The first one that differs is named with both numbers.
 *
 * 4. The caches are taken one after the other, by their place on the list, as
 *    the reference does: each line is of one moment, the report as a whole is
 *    not, and a cache that goes meanwhile may hide the one behind it. Stacks of
 *    other CPUs are read without a lock: what is on its way to or from them may
 *    be counted once more or less.
 *
 * 5. slabtop needs all of them at once, for sorting; its table has room for
 *    TOP_MOST. Its lines are procps's.
 *
 * Locks: kmem_caches_lock, inside of it node->lock, with interrupts off; never
 * while something is printed.
 *
 * Cost: one visit of each slab, one of each word of its bits.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/math64.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/sort.h>
#include <kernel/lib/string.h>
#include <mm/object/internal.h>
#include <mm/report/slabs.h>

/* --- counting --- */

/* What a list of slabs adds up to. */
struct list_sum {
	u32 slabs, inuse, bits;
};

static void differs(struct slab_numbers *n, const char *what, u32 counted,
		    u32 noted)
{
	if (n->error)
		return;
	n->error = what;
	n->counted = counted;
	n->noted = noted;
}

static u32 bits_set(const struct slab *slab, u32 num)
{
	u32 i, word, n = 0;

	for (i = 0; i < bits_words(num); i++)
		for (word = slab->bits[i]; word; word &= word - 1)
			n++;
	return n;
}

/* most, least: what inuse may be on this list. name: in a sentence. */
static struct list_sum sum_list(const struct kmem_cache *cache,
				const struct list_head *list, u32 least,
				u32 most, const char *name,
				struct slab_numbers *n)
{
	struct list_sum sum = { 0 };
	const struct slab *slab;

	list_for_each_entry(slab, list, list) {
		u32 bits = bits_set(slab, cache->num);

		if (slab->inuse < least || slab->inuse > most)
			differs(n, name, slab->inuse,
				slab->inuse < least ? least : most);
		if (slab->inuse + bits != cache->num)
			differs(n, "slab bits", cache->num - bits,
				slab->inuse);
		sum.slabs++;
		sum.inuse += slab->inuse;
		sum.bits += bits;
	}
	return sum;
}

static void count_node(const struct kmem_cache *cache, struct kmem_node *node,
		       struct slab_numbers *n)
{
	u32 flags = spin_lock_irqsave(&node->lock), slabs;
	struct list_sum full, partial, empty;

	full = sum_list(cache, &node->full, cache->num, cache->num,
			"slabs_full/inuse", n);
	partial = sum_list(cache, &node->partial, 1, cache->num - 1U,
			   "slabs_partial/inuse", n);
	empty = sum_list(cache, &node->free, 0, 0, "slabs_free/inuse", n);
	slabs = full.slabs + partial.slabs + empty.slabs;
	if (slabs != node->nr_slabs)
		differs(n, "nr_slabs", slabs, node->nr_slabs);
	if (full.bits + partial.bits + empty.bits != node->free_objects)
		differs(n, "free_objects", full.bits + partial.bits +
			empty.bits, node->free_objects);
	n->num_slabs += slabs;
	n->active_slabs += full.slabs + partial.slabs;
	n->active_objs += full.inuse + partial.inuse + empty.inuse;
	if (node->shared)
		n->shared_avail += node->shared->count;
	spin_unlock_irqrestore(&node->lock, flags);
}

/* What users do not have is taken off again. */
static void count_kept(const struct kmem_cache *cache, struct slab_numbers *n)
{
	unsigned int cpu;

	n->kept_objs = n->shared_avail;
	for_each_cpu(cpu)
		n->kept_objs += cache->cpu[cpu].count;
	if (n->kept_objs > n->active_objs)
		differs(n, "kept objects", n->kept_objs, n->active_objs);
	n->active_objs -= min(n->kept_objs, n->active_objs);
}

void slab_count(struct kmem_cache *cache, struct slab_numbers *n)
{
	struct kmem_node *node;
	u32 flags = local_irq_save(), i;

	memset(n, 0, sizeof(*n));
	strlcpy(n->name, cache->name, sizeof(n->name));
	n->size = cache->size;
	n->per_slab = cache->num;
	n->pages_per_slab = 1U << cache->order;
	n->limit = stack_limit(cache);
	n->batch = cache->batch;
	n->shared = cache->shared;
	for_each_node_of(cache, node, i)
		count_node(cache, node, n);
	count_kept(cache, n);
	n->num_objs = n->num_slabs * n->per_slab;
	local_irq_restore(flags);
}

/* The n-th of the list, or NULL. kmem_caches_lock is held. */
static struct kmem_cache *nth_cache(u32 n)
{
	struct kmem_cache *cache;

	list_for_each_entry(cache, &kmem_caches, next)
		if (!n--)
			return cache;
	return NULL;
}

bool slab_count_nth(u32 n, struct slab_numbers *numbers)
{
	u32 flags = spin_lock_irqsave(&kmem_caches_lock);
	struct kmem_cache *cache = nth_cache(n);

	if (cache)
		slab_count(cache, numbers);
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	if (cache && numbers->error)
		pr_err("slab: cache %s error: %s accounting error: %u "
		       "counted, %u noted\n", numbers->name, numbers->error,
		       numbers->counted, numbers->noted);
	return cache;
}

/* Of caches that have the flags. */
static u32 slab_pages(u32 wanted)
{
	u32 flags = spin_lock_irqsave(&kmem_caches_lock), pages = 0, i;
	const struct kmem_cache *cache;
	const struct kmem_node *node;

	list_for_each_entry(cache, &kmem_caches, next) {
		if ((cache->flags & wanted) != wanted)
			continue;
		for_each_node_of(cache, node, i)
			pages += node->nr_slabs << cache->order;
	}
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	return pages;
}

u32 slab_pages_of_all(void)
{
	return slab_pages(0);
}

u32 slab_pages_reclaimable(void)
{
	return slab_pages(SLAB_RECLAIM_ACCOUNT);
}

bool slab_is_debugged(const struct kmem_cache *cache)
{
	return cache_is_debugged(cache);
}

struct kmem_cache *slab_cache_named(const char *name)
{
	u32 flags = spin_lock_irqsave(&kmem_caches_lock);
	struct kmem_cache *cache, *found = NULL;

	list_for_each_entry(cache, &kmem_caches, next)
		if (!strcmp(cache->name, name))
			found = cache;
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	return found;
}

/* --- slabinfo --- */

void report_slabinfo(void)
{
	struct slab_numbers n;
	u32 i;

	printk("slabinfo - version: 2.1\n"
	       "# name            <active_objs> <num_objs> <objsize> "
	       "<objperslab> <pagesperslab>"
	       " : tunables <limit> <batchcount> <sharedfactor>"
	       " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
	for (i = 0; slab_count_nth(i, &n); i++)
		printk("%-17s %6u %6u %6u %4u %4u"
		       " : tunables %4u %4u %4u"
		       " : slabdata %6u %6u %6u\n",
		       n.name, n.active_objs, n.num_objs, n.size, n.per_slab,
		       n.pages_per_slab, n.limit, n.batch, n.shared,
		       n.active_slabs, n.num_slabs, n.shared_avail);
}

/* --- slabtop --- */

#define TOP_MOST 128	/* guessed: caches that a kernel of this size makes */

static struct slab_numbers top[TOP_MOST];
static const struct slab_numbers *sorted[TOP_MOST];
static u32 top_key;	/* where in struct slab_numbers */

#define BY_NAME offsetof(struct slab_numbers, name)

struct top_sum {
	u32 objs, active_objs, slabs, active_slabs, caches, active_caches;
	u64 bytes, active_bytes;
	u32 least, most;
};

static u32 cache_kb(const struct slab_numbers *n)
{
	return n->num_slabs * n->pages_per_slab << (PAGE_SHIFT - 10);
}

/* The largest first; equal ones by name. */
static int compare_top(const void *a, const void *b)
{
	const struct slab_numbers *const *x = a, *const *y = b;
	const struct slab_numbers *left = *x, *right = *y;
	u32 l = *(const u32 *)((const char *)left + top_key);
	u32 r = *(const u32 *)((const char *)right + top_key);

	if (top_key != BY_NAME && l != r)
		return l > r ? -1 : 1;
	return strcmp(left->name, right->name);
}

static void add_to(struct top_sum *sum, const struct slab_numbers *n)
{
	sum->objs += n->num_objs;
	sum->active_objs += n->active_objs;
	sum->slabs += n->num_slabs;
	sum->active_slabs += n->active_slabs;
	sum->bytes += (u64)n->num_objs * n->size;
	sum->active_bytes += (u64)n->active_objs * n->size;
	sum->active_caches += n->num_objs != 0;
	sum->least = sum->caches ? min(sum->least, n->size) : n->size;
	sum->most = max(sum->most, n->size);
	sum->caches++;
}

/* Tenths of a percent, rounded; of nothing: 0. */
static u32 permille(u64 part, u64 whole)
{
	u32 by;

	if (!whole)
		return 0;
	/* both lose the same bits until 32 are enough */
	while (whole > UINT32_MAX / 1001) {
		whole >>= 1;
		part >>= 1;
	}
	by = (u32)whole;
	return ((u32)part * 1000 + by / 2) / by;
}

static void print_share(const char *what, u32 part, u32 whole)
{
	u32 share = permille(part, whole);

	printk(" %-35s: %u / %u (%u.%u%%)\n", what, part, whole, share / 10,
	       share % 10);
}

/* Bytes as KB with two decimals, rounded, into buf. */
static const char *kilobytes(u64 bytes, char buf[16])
{
	u16 rest;
	u64 kb = div_u64_rem16((bytes * 100 + 512) >> 10, 100, &rest);

	snprintf(buf, 16, "%llu.%02uK", kb, rest);
	return buf;
}

static void print_sum(const struct top_sum *sum)
{
	u32 share = permille(sum->active_bytes, sum->bytes);
	u64 total = sum->bytes;
	u32 objs = sum->objs;
	char a[16], b[16], c[16];

	print_share("Active / Total Objects (% used)", sum->active_objs,
		    sum->objs);
	print_share("Active / Total Slabs (% used)", sum->active_slabs,
		    sum->slabs);
	print_share("Active / Total Caches (% used)", sum->active_caches,
		    sum->caches);
	printk(" %-35s: %s / %s (%u.%u%%)\n", "Active / Total Size (% used)",
	       kilobytes(sum->active_bytes, a), kilobytes(sum->bytes, b),
	       share / 10, share % 10);
	while (total > UINT32_MAX) {
		total >>= 1;
		objs >>= 1;
	}
	printk(" %-35s: %s / %s / %s\n\n", "Minimum / Average / Maximum Object",
	       kilobytes(sum->least, a),
	       kilobytes(objs ? (u32)total / objs : 0, b),
	       kilobytes(sum->most, c));
}

static void print_top(const struct slab_numbers *n)
{
	char size[16];

	printk("%6u %6u %3u%% %8s %6u %8u %9uK %-23s\n", n->num_objs,
	       n->active_objs, n->num_objs ? n->active_objs * 100 /
	       n->num_objs : 0,
	       kilobytes(n->size, size), n->num_slabs, n->per_slab,
	       cache_kb(n), n->name);
}

static void print_sorted(void)
{
	struct top_sum sum = { 0 };
	struct slab_numbers more;
	u32 i, n;

	for (n = 0; n < TOP_MOST && slab_count_nth(n, &top[n]); n++) {
		add_to(&sum, &top[n]);
		sorted[n] = &top[n];
	}
	sort(sorted, n, sizeof(void *), compare_top);
	print_sum(&sum);
	printk("%6s %6s %4s %8s %6s %8s %10s %-23s\n", "OBJS", "ACTIVE", "USE",
	       "OBJ SIZE", "SLABS", "OBJ/SLAB", "CACHE SIZE", "NAME");
	for (i = 0; i < n; i++)
		print_top(sorted[i]);
	if (n == TOP_MOST && slab_count_nth(n, &more))
		printk("there are more than the %u caches of this table\n", n);
}

bool report_slabtop(const char *order)
{
	static const struct {
		const char *name;
		u32 key;
	} orders[] = {
		{ "objs", offsetof(struct slab_numbers, num_objs) },
		{ "active", offsetof(struct slab_numbers, active_objs) },
		{ "size", offsetof(struct slab_numbers, size) },
		{ "slabs", offsetof(struct slab_numbers, num_slabs) },
		{ "name", BY_NAME },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(orders); i++)
		if (!strcmp(orders[i].name, order)) {
			top_key = orders[i].key;
			print_sorted();
			return true;
		}
	return false;
}
