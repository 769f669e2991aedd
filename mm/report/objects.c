/*
 * What an address in a slab is.
 *
 * 1. A page with PG_slab names its cache and its slab. Only a cache that is on
 *    the list is believed, so a page whose members were overwritten leads
 *    nowhere.
 *
 * 2. The parts of a slab, from the begin of its pages:
 *
 *	colour space	(on slab) struct slab with its bits	buffers	rest
 *	colour space	(off slab)				buffers	rest
 *
 *    and of a buffer: what stands before the object (a red zone), the object,
 *    what stands behind it (red zone, padding, who had it).
 *
 * 3. A buffer whose bit is 0 is on a CPU's stack, in a shared array, or a
 *    user's. The two are searched; what is in neither is in use.
 *
 * Lock: kmem_caches_lock and the lock of the node, with interrupts off, while
 * all this is found out; printing comes after it. The stacks of other CPUs are
 * read without a lock: what is on its way may seem to be in use.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/string.h>
#include <mm/object/internal.h>
#include <mm/object/kmalloc.h>
#include <mm/report/whatis.h>

enum slab_place {
	IN_COLOUR,
	IN_MANAGEMENT,
	IN_REST,
	BEFORE_OBJECT,
	IN_OBJECT,
	BEHIND_OBJECT,
};

enum buffer_state { BUFFER_FREE, BUFFER_ON_STACK, BUFFER_SHARED, BUFFER_USED };

/* Copies of what was found under the locks. */
struct place {
	struct kmem_cache *cache;
	char name[KMEM_NAME_MAX];
	u32 slab_at, pages, inuse, num, object_size;
	enum slab_place where;
	/* of a buffer */
	enum buffer_state state;
	u32 index, object, buffer;
	u32 holder;		/* the CPU, or the node */
};

static bool holds(void *const *entry, u32 count, u32 most, u32 object)
{
	u32 i;

	for (i = 0; i < min(count, most); i++)
		if ((u32)(uintptr_t)entry[i] == object)
			return true;
	return false;
}

static void find_holder(const struct kmem_node *node, struct place *p)
{
	const struct kmem_cache *cache = p->cache;
	const struct shared_array *shared = node->shared;
	unsigned int cpu;

	for_each_cpu(cpu)
		if (holds(cache->cpu[cpu].entry, cache->cpu[cpu].count,
			  CPU_STACK_MOST, p->object)) {
			p->state = BUFFER_ON_STACK;
			p->holder = cpu;
			return;
		}
	if (shared && holds(shared->entry, shared->count, shared->limit,
			    p->object))
		p->state = BUFFER_SHARED;
}

/* In a buffer: which part of it, and who has it. */
static void look_at_buffer(const struct slab *slab,
			   const struct kmem_node *node, u32 addr,
			   struct place *p)
{
	const struct kmem_cache *cache = p->cache;

	p->buffer = (u32)(uintptr_t)buffer_at(cache, slab, p->index);
	p->object = p->buffer + cache->offset;
	if (addr < p->object)
		p->where = BEFORE_OBJECT;
	else if (addr < p->object + cache->object_size)
		p->where = IN_OBJECT;
	else
		p->where = BEHIND_OBJECT;
	p->state = buffer_is_free(slab, p->index) ? BUFFER_FREE : BUFFER_USED;
	if (p->state == BUFFER_USED)
		find_holder(node, p);
}

/* The page's slab; its node's lock is held. */
static void look_at_slab(const struct page *page, const struct kmem_node *node,
			 u32 addr, struct place *p)
{
	const struct kmem_cache *cache = p->cache;
	const struct slab *slab = page_slab(page);
	u32 first = (u32)(uintptr_t)slab->s_mem;
	u32 management = (u32)(uintptr_t)slab;

	p->slab_at = management;
	p->inuse = slab->inuse;
	p->num = cache->num;
	p->pages = 1U << cache->order;
	p->object_size = cache->object_size;
	p->index = addr < first ? cache->num : buffer_index(cache, slab,
						(void *)(uintptr_t)addr);
	if (p->index < cache->num)
		look_at_buffer(slab, node, addr, p);
	else if (addr >= first)
		p->where = IN_REST;
	else if (cache->flags & CACHE_OFF_SLAB || addr < management)
		p->where = IN_COLOUR;
	else
		p->where = IN_MANAGEMENT;
}

/* kmem_caches_lock is held. */
static bool is_listed(const struct kmem_cache *wanted)
{
	const struct kmem_cache *cache;

	list_for_each_entry(cache, &kmem_caches, next)
		if (cache == wanted)
			return true;
	return false;
}

/* false: the address is in no slab. */
static bool find_place(u32 addr, struct place *p)
{
	const struct page *page = slab_page((void *)(uintptr_t)addr);
	struct kmem_node *node;
	bool found = false;
	u32 flags;

	if (!page)
		return false;
	memset(p, 0, sizeof(*p));
	flags = spin_lock_irqsave(&kmem_caches_lock);
	p->cache = page_cache(page);
	node = is_listed(p->cache) ? p->cache->node[page_to_nid(page)] : NULL;
	p->holder = (u32)page_to_nid(page);
	if (node) {
		spin_lock(&node->lock);
		found = PageSlab(page) && page_cache(page) == p->cache;
		if (found) {
			strlcpy(p->name, p->cache->name, sizeof(p->name));
			look_at_slab(page, node, addr, p);
		}
		spin_unlock(&node->lock);
	}
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	return found;
}

/* --- in words --- */

static void print_buffer(const struct place *p, u32 addr)
{
	if (p->where == IN_OBJECT)
		printk("  object %u at %08x, offset %u: ", p->index, p->object,
		       addr - p->object);
	else if (p->where == BEFORE_OBJECT)
		printk("  %u bytes before object %u at %08x, red zone or "
		       "padding: ", p->object - addr, p->index, p->object);
	else
		printk("  %u bytes behind object %u at %08x, red zone or "
		       "padding: ", addr - p->object - p->object_size,
		       p->index, p->object);
	switch (p->state) {
	case BUFFER_FREE:
		printk("free in its slab\n");
		break;
	case BUFFER_ON_STACK:
		printk("free, on the stack of CPU %u\n", p->holder);
		break;
	case BUFFER_SHARED:
		printk("free, in the shared array of node %u\n", p->holder);
		break;
	case BUFFER_USED:
		printk("in use\n");
		break;
	}
}

static void print_slab_place(const struct place *p, u32 addr)
{
	printk("  cache %s: slab %08x, %u page%s, %u of %u objects of %u "
	       "bytes taken\n", p->name, p->slab_at, p->pages,
	       p->pages == 1 ? "" : "s", p->inuse, p->num, p->object_size);
	switch (p->where) {
	case IN_COLOUR:
		printk("  colour space, before everything else\n");
		break;
	case IN_MANAGEMENT:
		printk("  the slab's management, offset %u\n",
		       addr - p->slab_at);
		break;
	case IN_REST:
		printk("  left over behind the last object\n");
		break;
	default:
		print_buffer(p, addr);
		slab_print_tracks(p->cache, (void *)(uintptr_t)p->buffer);
	}
}

/* A block of kmalloc() above its classes. */
static void print_large(u32 addr)
{
	void *p = (void *)(uintptr_t)(addr & PAGE_MASK);
	struct page *page;

	if (!virt_addr_valid(p) || !PageCompound(virt_to_page(p)))
		return;
	page = compound_head(virt_to_page(p));
	p = page_address(page);
	if (kmalloc_large_page(p))
		printk("  kmalloc: a block of %u bytes at %08x, offset %u\n",
		       (u32)PAGE_SIZE << page_order(page), (u32)(uintptr_t)p,
		       addr - (u32)(uintptr_t)p);
}

void report_object(u32 addr)
{
	struct place p;

	if (find_place(addr, &p))
		print_slab_place(&p, addr);
	else
		print_large(addr);
}
