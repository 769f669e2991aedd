/*
 * Leaks: objects in use that no word leads to.
 *
 * 1. Mark and sweep, conservative: every aligned word that has the value of an
 *    address in an object is taken for a pointer to it, be it to its begin or
 *    inside. So nothing that is used is called lost; a number that looks like
 *    an address may hide something that is.
 *
 * 2. The objects are those of all caches, and the blocks of kmalloc() above its
 *    classes. Where looking begins: data and bss, the stack of each thread from
 *    its top up, what owners keep in struct page (private, mapping, lru) of
 *    pages in use, and memory of vmalloc(). From there it goes through the
 *    contents of all that was found.
 *
 * 3. Not looked at, as it names objects that nobody has, or has no more:
 *	- stacks of CPUs and shared arrays, which keep old entries above the
 *	  top; so no struct kmem_cache, kmem_node, shared_array;
 *	- struct slab, whose s_mem is the first object;
 *	- stacks below their tops, and the interrupt stack, which is empty;
 *	- free objects, and pages of the page allocator's own users.
 *    These structures of the allocator itself are known from its lists and
 *    count as found.
 *
 * 4. Two bits an object, in memory of the page allocator:
 *
 *	seen	done
 *	0	0	nothing has led to it: lost, if it stays so
 *	1	0	found, its contents have still to be looked at
 *	1	1	found and looked at; free; or the allocator's own
 *	0	1	(afterwards) lost, and a lost one points to it
 *
 *    What is 1/0 is on a stack of addresses, too. If that overflows, all
 *    objects are searched for 1/0: so it needs no recursion and never fails,
 *    however long a list is.
 *
 * 5. Of a lost list the first element is reported, and each of the others with
 *    "reachable only from lost objects"; of a ring all with that.
 *
 * Locks: kmem_caches_lock and, inside of it, the locks of all nodes in the
 * order of the list, so that no slab comes or goes. What is on a CPU's stack
 * changes without them: with several CPUs the others have to be stopped
 * meanwhile, else an object may look lost that was just allocated.
 *
 * Cost: a binary search for each word that points into a slab.
 */
#include <boot/sections.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/irq.h>
#include <kernel/lib/string.h>
#include <kernel/sched/task.h>
#include <mm/object/internal.h>
#include <mm/object/kmalloc.h>
#include <mm/report/leaks.h>
#include <mm/table/pgtable.h>
#include <mm/virt/vmalloc.h>

#define STACK_MOST 1024U	/* guessed: a page of addresses */

/* Pages whose objects have marks: those of a slab, or a block of kmalloc(). */
struct region {
	u32 start, bytes;
	u32 first_mark, num;
	struct kmem_cache *cache;	/* NULL: a block, which is one object */
	const struct slab *slab;
};

struct leak_scan {
	struct page *memory;	/* of all below */
	unsigned int order;
	struct region *region;	/* by address */
	u32 nr_regions, regions_most;
	u32 *seen, *done;
	u32 nr_marks, marks_most;
	u32 *stack;
	u32 depth;
	bool overflow;
};

static bool get_bit(const u32 *bits, u32 i)
{
	return bits[i / 32] >> i % 32 & 1;
}

static void set_bit(u32 *bits, u32 i)
{
	bits[i / 32] |= 1U << i % 32;
}

/* --- regions --- */

/* The region that begins at the page; false: none does. */
static bool region_at(u32 pfn, struct region *region)
{
	struct page *page = pfn_to_page(pfn);

	if (PageSlab(page)) {
		memset(region, 0, sizeof(*region));
		region->start = (u32)(uintptr_t)page_address(page);
		region->cache = page_cache(page);
		region->slab = page_slab(page);
		region->num = region->cache->num;
		region->bytes = (u32)PAGE_SIZE << region->cache->order;
		return true;
	}
	/* most of all pages: nothing is looked up for them */
	if (!PageCompound(page) || !kmalloc_large_page(page_address(page)))
		return false;
	memset(region, 0, sizeof(*region));
	region->start = (u32)(uintptr_t)page_address(page);
	region->num = 1;
	region->bytes = (u32)PAGE_SIZE << page_order(page);
	return true;
}

/* All regions; with room for them they are stored. false: there was too little
 * room. */
static bool find_regions(struct leak_scan *scan, bool store)
{
	struct region region;
	u32 pfn;

	scan->nr_regions = scan->nr_marks = 0;
	for (pfn = 0; pfn < max_low_pfn;) {
		if (!region_at(pfn, &region)) {
			pfn++;
			continue;
		}
		if (store && (scan->nr_regions == scan->regions_most ||
			      scan->nr_marks + region.num > scan->marks_most))
			return false;
		region.first_mark = scan->nr_marks;
		if (store)
			scan->region[scan->nr_regions] = region;
		scan->nr_regions++;
		scan->nr_marks += region.num;
		pfn += region.bytes >> PAGE_SHIFT;
	}
	return true;
}

/* Memory for as many as there are now; false: there is none. */
static bool prepare(struct leak_scan *scan)
{
	u32 words, bytes;

	memset(scan, 0, sizeof(*scan));
	find_regions(scan, false);
	scan->regions_most = scan->nr_regions;
	words = bits_words(scan->nr_marks);
	scan->marks_most = words * 32;
	bytes = scan->regions_most * (u32)sizeof(struct region) +
		(2 * words + STACK_MOST) * (u32)sizeof(u32);
	while ((u32)PAGE_SIZE << scan->order < bytes)
		scan->order++;
	if (scan->order < MAX_ORDER)
		scan->memory = alloc_pages(GFP_KERNEL | __GFP_ZERO |
					   __GFP_NOWARN, scan->order);
	if (!scan->memory) {
		printk("leaks: there is no memory for the marks, %u KB\n",
		       bytes >> 10);
		return false;
	}
	scan->region = page_address(scan->memory);
	scan->seen = (u32 *)(scan->region + scan->regions_most);
	scan->done = scan->seen + words;
	scan->stack = scan->done + words;
	return true;
}

static const struct region *find_region(const struct leak_scan *scan, u32 addr)
{
	u32 low = 0, high = scan->nr_regions;

	while (low < high) {
		u32 middle = (low + high) / 2;
		const struct region *region = &scan->region[middle];

		if (addr < region->start)
			high = middle;
		else if (addr - region->start >= region->bytes)
			low = middle + 1;
		else
			return region;
	}
	return NULL;
}

/* Where the object stands, and how many bytes it has. */
static u32 object_of(const struct region *region, u32 index, u32 *bytes)
{
	const struct kmem_cache *cache = region->cache;

	*bytes = cache ? cache->object_size : region->bytes;
	if (!cache)
		return region->start;
	return (u32)(uintptr_t)buffer_at(cache, region->slab, index) +
	       cache->offset;
}

/* The mark of the object that the address is in; false: it is in none. */
static bool find_mark(const struct leak_scan *scan, u32 addr, u32 *mark,
		      const struct region **found)
{
	const void *p = (const void *)(uintptr_t)addr;
	const struct region *region;
	u32 index = 0, at, bytes;

	/* nearly all words end here */
	if (!virt_addr_valid(p) || !(virt_to_page(p)->flags &
				     (1U << PG_slab | 1U << PG_compound)))
		return false;
	region = find_region(scan, addr);
	if (!region)
		return false;
	if (region->cache) {
		if (p < (const void *)region->slab->s_mem)
			return false;
		index = buffer_index(region->cache, region->slab, p);
		if (index >= region->num)
			return false;
	}
	at = object_of(region, index, &bytes);
	*mark = region->first_mark + index;
	*found = region;
	return addr - at < bytes;
}

/* --- marking --- */

static void visit(struct leak_scan *scan, u32 addr)
{
	const struct region *region;
	u32 mark;

	if (!find_mark(scan, addr, &mark, &region) ||
	    get_bit(scan->seen, mark))
		return;
	set_bit(scan->seen, mark);
	if (scan->depth < STACK_MOST)
		scan->stack[scan->depth++] = addr;
	else
		scan->overflow = true;
}

static void scan_words(struct leak_scan *scan, const void *start,
		       const void *end)
{
	const u32 *word;

	for (word = start; word + 1 <= (const u32 *)end; word++)
		visit(scan, *word);
}

static void scan_object(struct leak_scan *scan, const struct region *region,
			u32 mark)
{
	u32 bytes, at = object_of(region, mark - region->first_mark, &bytes);

	set_bit(scan->done, mark);
	scan_words(scan, (const void *)(uintptr_t)at,
		   (const void *)(uintptr_t)(at + bytes));
}

static void empty_stack(struct leak_scan *scan)
{
	const struct region *region;
	u32 mark;

	while (scan->depth)
		if (find_mark(scan, scan->stack[--scan->depth], &mark,
			      &region) && !get_bit(scan->done, mark))
			scan_object(scan, region, mark);
}

/* Those that found no place on the stack. */
static void find_forgotten(struct leak_scan *scan)
{
	u32 i, k;

	for (i = 0; i < scan->nr_regions; i++)
		for (k = 0; k < scan->region[i].num; k++) {
			u32 mark = scan->region[i].first_mark + k;

			if (!get_bit(scan->seen, mark) ||
			    get_bit(scan->done, mark))
				continue;
			scan_object(scan, &scan->region[i], mark);
			empty_stack(scan);
		}
}

static void follow(struct leak_scan *scan)
{
	empty_stack(scan);
	while (scan->overflow) {
		scan->overflow = false;
		find_forgotten(scan);
	}
}

/* --- what is not looked at --- */

/* Found, and nothing to be looked at. */
static void set_aside(struct leak_scan *scan, const void *p)
{
	const struct region *region;
	u32 mark;

	if (!find_mark(scan, (u32)(uintptr_t)p, &mark, &region))
		return;
	set_bit(scan->seen, mark);
	set_bit(scan->done, mark);
}

/* The free objects of a slab, and its management. */
static void set_slab_aside(struct leak_scan *scan, const struct region *region)
{
	u32 i;

	for (i = 0; i < region->num; i++)
		if (buffer_is_free(region->slab, i)) {
			set_bit(scan->seen, region->first_mark + i);
			set_bit(scan->done, region->first_mark + i);
		}
	if (region->cache->flags & CACHE_OFF_SLAB)
		set_aside(scan, region->slab);
}

static void set_cache_aside(struct leak_scan *scan, struct kmem_cache *cache)
{
	struct kmem_node *node;
	unsigned int cpu;
	u32 i, k;

	set_aside(scan, cache);
	for_each_cpu(cpu)
		for (i = 0; i < cache->cpu[cpu].count; i++)
			set_aside(scan, cache->cpu[cpu].entry[i]);
	for_each_node_of(cache, node, i) {
		set_aside(scan, node);
		set_aside(scan, node->shared);
		for (k = 0; node->shared && k < node->shared->count; k++)
			set_aside(scan, node->shared->entry[k]);
	}
}

static void set_all_aside(struct leak_scan *scan)
{
	struct kmem_cache *cache;
	u32 i;

	for (i = 0; i < scan->nr_regions; i++)
		if (scan->region[i].cache)
			set_slab_aside(scan, &scan->region[i]);
	list_for_each_entry(cache, &kmem_caches, next)
		set_cache_aside(scan, cache);
}

/* --- where looking begins --- */

/* The lowest that ends above an address is to be in *start and *end. */
static void offer_hole(const char *above, const char *from, const char *to,
		       const char **start, const char **end)
{
	if (to <= above || (*start && from >= *start))
		return;
	*start = from;
	*end = to;
}

/*
 * The first hole in the image that ends above an address: a stack, or one of
 * the caches that stand there. false: there is none.
 */
static bool next_hole(const char *above, const char **start, const char **end)
{
	const struct kmem_cache *cache;

	*start = *end = NULL;
	offer_hole(above, boot_stack_guard, boot_stack_top, start, end);
	offer_hole(above, (const char *)irq_stack_guard,
		   (const char *)irq_stack_guard + PAGE_SIZE + IRQ_STACK_SIZE,
		   start, end);
	list_for_each_entry(cache, &kmem_caches, next) {
		const char *at = (const char *)cache;

		if (at >= _sdata && at < __bss_stop)
			offer_hole(above, at, (const char *)(cache + 1), start,
				   end);
	}
	return *start;
}

/* Words of pages that are mapped; those that are not guard something. */
static void scan_pages(struct leak_scan *scan, const char *at, const char *end)
{
	struct pt_walk walk;

	while (at < end) {
		const char *stop = (const char *)ALIGN((uintptr_t)at + 1,
						       PAGE_SIZE);

		stop = min(stop, end);
		if (pt_walk(&kernel_pgtable, (u32)(uintptr_t)at, &walk))
			scan_words(scan, at, stop);
		at = stop;
	}
}

static void scan_image(struct leak_scan *scan, const char *at, const char *end)
{
	const char *hole, *behind;

	while (at < end) {
		if (!next_hole(at, &hole, &behind) || hole >= end)
			hole = behind = end;
		if (at < hole)
			scan_pages(scan, at, hole);
		at = behind;
	}
}

/* What owners of pages keep in them. */
static void scan_mem_map(struct leak_scan *scan)
{
	u32 pfn, i, pages;

	for (pfn = 0; pfn < max_mapnr; pfn += pages) {
		const struct page *page = pfn_to_page(pfn);

		pages = 1U << page_order(page);
		if (PageReserved(page) || PageBuddy(page) || PageSlab(page) ||
		    !page_count(page))
			continue;
		for (i = 0; i < pages; i++)
			scan_words(scan, &page[i].private, &page[i] + 1);
	}
}

/* A thread's stack: what is below its top is nobody's any more. */
static bool is_stack(const void *addr)
{
	const struct task *task;

	list_for_each_entry(task, &all_tasks, all)
		if (task->stack == addr)
			return true;
	return false;
}

/* sp: of the thread that runs; what it keeps in registers is saved above. */
static void scan_stacks(struct leak_scan *scan, const char *sp)
{
	const struct task *task;

	list_for_each_entry(task, &all_tasks, all) {
		const char *from = task == current ? sp :
				   (const char *)(uintptr_t)task->esp;
		const char *top = task->stack ?
				  (char *)task->stack + THREAD_STACK_SIZE :
				  boot_stack_top;

		if (from < top && top - from <= (s32)THREAD_STACK_SIZE)
			scan_words(scan, from, top);
	}
}

/* Memory of vmalloc(); what else has an area belongs to others. */
static int scan_area(const struct vm_struct *vm, void *scan)
{
	const char *at = vm->addr;

	if (vm->flags & VM_ALLOC && !is_stack(at))
		scan_pages(scan, at, at + vm->size - PAGE_SIZE);
	return 0;
}

static void scan_roots(struct leak_scan *scan, const char *sp)
{
	u32 flags;

	scan_image(scan, _sdata, _edata);
	scan_image(scan, __bss_start, __bss_stop);
	scan_mem_map(scan);
	flags = spin_lock_irqsave(&all_tasks_lock);
	scan_stacks(scan, sp);
	vmap_for_each(scan_area, scan);
	spin_unlock_irqrestore(&all_tasks_lock, flags);
	follow(scan);
}

/* --- afterwards --- */

/* The words of one lost object: the lost ones that they lead to are done. */
static void note_children(struct leak_scan *scan, const struct region *region,
			  u32 parent)
{
	u32 bytes, at = object_of(region, parent - region->first_mark, &bytes);
	const u32 *word = (const u32 *)(uintptr_t)at;
	const struct region *other;
	u32 i, mark;

	for (i = 0; i < bytes / sizeof(u32); i++)
		if (find_mark(scan, word[i], &mark, &other) &&
		    mark != parent && !get_bit(scan->seen, mark))
			set_bit(scan->done, mark);
}

/* Each lost object, by its address. */
static void for_each_lost(struct leak_scan *scan,
			  void (*fn)(struct leak_scan *scan,
				     const struct region *region, u32 mark))
{
	u32 i, k;

	for (i = 0; i < scan->nr_regions; i++)
		for (k = 0; k < scan->region[i].num; k++) {
			u32 mark = scan->region[i].first_mark + k;

			if (!get_bit(scan->seen, mark))
				fn(scan, &scan->region[i], mark);
		}
}

static u32 nr_lost, lost_bytes;

static void print_lost(struct leak_scan *scan, const struct region *region,
		       u32 mark)
{
	u32 index = mark - region->first_mark, bytes;
	u32 at = object_of(region, index, &bytes);

	nr_lost++;
	lost_bytes += bytes;
	printk("lost: %08x, %u bytes of %s%s\n", at, bytes,
	       region->cache ? region->cache->name : "kmalloc",
	       get_bit(scan->done, mark) ?
	       ", reachable only from lost objects" : "");
	if (region->cache)
		slab_print_tracks(region->cache,
				  buffer_at(region->cache, region->slab,
					    index));
}

/* --- the whole --- */

static u32 lock_all(void)
{
	u32 flags = spin_lock_irqsave(&kmem_caches_lock), i;
	struct kmem_cache *cache;
	struct kmem_node *node;

	list_for_each_entry(cache, &kmem_caches, next)
		for_each_node_of(cache, node, i)
			spin_lock(&node->lock);
	return flags;
}

static void unlock_all(u32 flags)
{
	struct kmem_cache *cache;
	struct kmem_node *node;
	u32 i;

	list_for_each_entry(cache, &kmem_caches, next)
		for_each_node_of(cache, node, i)
			spin_unlock(&node->lock);
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
}

/* false: slabs were added since prepare(). */
static bool search(struct leak_scan *scan, const char *sp)
{
	u32 flags = lock_all();
	bool room = find_regions(scan, true);

	if (room) {
		set_all_aside(scan);
		scan_roots(scan, sp);
		for_each_lost(scan, note_children);
	}
	unlock_all(flags);
	return room;
}

/* Whoever calls it has saved all registers of its callers above that. */
static __always_inline const char *stack_pointer(void)
{
	const char *sp;

	__asm__ volatile("movl %%esp, %0" : "=r"(sp)
			 : : "ebx", "esi", "edi");
	return sp;
}

__noinline u32 report_leaks(void)
{
	struct leak_scan scan;
	bool searched;

	do {
		if (!prepare(&scan))
			return 0;
		searched = search(&scan, stack_pointer());
		if (!searched)
			__free_pages(scan.memory, scan.order);
	} while (!searched);
	nr_lost = lost_bytes = 0;
	for_each_lost(&scan, print_lost);
	__free_pages(scan.memory, scan.order);
	printk("leaks: %u object%s, %u bytes\n", nr_lost,
	       nr_lost == 1 ? "" : "s", lost_bytes);
	return nr_lost;
}
