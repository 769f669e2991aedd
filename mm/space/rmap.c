/*
 * From a page to the entries that show it. ULK3 section 17.2.1.
 *
 * 1. Why. Whoever takes a page away (mm/reclaim) must change every entry that
 *    shows it. A page with a list of its entries would be far larger than 32
 *    bytes; so it says which areas may show it, and where in them.
 *
 * 2. Private pages. An area gets an anon_vma with its first page. Areas that
 *    may come to have the same pages share it: the parts of a split, the copy
 *    in a child, an area that was moved. All of them are on its list. The page
 *    has the anon_vma and its offset; in an area it can only be at
 *    vm_start + (index - vm_pgoff) pages. Whether the entry there does show it
 *    is seen by looking.
 *
 * 3. Who is on the list may show the page, and who shows it is on the list. A
 *    child's area joins behind its entries are made: until then nobody else
 *    changes these, and a walk finds fewer than _mapcount says.
 *
 * 4. Life. An anon_vma goes with the last area on its list. A page may outlive
 *    that, unmapped, with a pointer to it. Who walks (mm/reclaim) has no
 *    mmap_sem, but is counted; and what nobody's list has any more is freed
 *    when nobody walks, else put aside for the last walker to free.
 *
 *	walker				last area
 *	walkers++			entries go: mapcount--
 *	mapcount > 0?			is off the list
 *	lock, mapcount > 0 still?	walkers > 0?
 *
 *    The walker sees that the page is not mapped, or is seen. If it is mapped,
 *    the area that shows it is still on the list, so the anon_vma is none that
 *    was put aside, nor will be freed before walkers-- . Under the lock, with
 *    mapcount > 0, the list is one of living areas: who takes an area off takes
 *    the lock, and its space and its tables go behind that.
 *
 *    What is put aside gets there under dead_lock, and is taken from there only
 *    if, under dead_lock, nobody walks: all who might know it came before and
 *    are gone.
 *
 * 5. page->mapping is set with the first entry and stays until the page is
 *    freed (put_user_page()): taking it away with the last entry would race
 *    with who adds one meanwhile.
 *
 * Locks: anon_vma.lock, inside of mmap_sem and outside of page_table_lock.
 * Borders of an area that is on a list change under its lock: a walk reads them
 * without page_table_lock.
 */
#include <kernel/lib/bug.h>
#include <mm/object/slab.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/lru.h>
#include <mm/space/internal.h>

struct space_counts space_counts[NR_CPUS];

static struct kmem_cache *anon_vma_cache;

static atomic_t walkers = ATOMIC_INIT(0);
static spinlock_t dead_lock = SPIN_LOCK_UNLOCKED("dead_lock");
static struct anon_vma *dead;

/* Objects come back as they were made: an empty list. */
static void construct(void *object)
{
	struct anon_vma *av = object;

	spin_lock_init(&av->lock, "anon_vma.lock");
	INIT_LIST_HEAD(&av->head);
}

void rmap_init(void)
{
	anon_vma_cache = kmem_cache_create("anon_vma", sizeof(struct anon_vma),
					   0, SLAB_PANIC, construct);
}

struct space_counts sum_space_counts(void)
{
	struct space_counts sum = { 0 };
	unsigned int cpu;

	for_each_cpu(cpu) {
		sum.anon += space_counts[cpu].anon;
		sum.file += space_counts[cpu].file;
		sum.tables += space_counts[cpu].tables;
	}
	return sum;
}

/* --- areas --- */

static void join(struct anon_vma *av, struct vm_area_struct *vma)
{
	spin_lock(&av->lock);
	list_add_tail(&vma->anon_vma_node, &av->head);
	spin_unlock(&av->lock);
}

void anon_vma_link(struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		join(vma->anon_vma, vma);
}

/* --- their end --- */

/* Unless somebody walks: the last one does it then. */
static void free_dead(void)
{
	struct anon_vma *av = NULL, *next;

	spin_lock(&dead_lock);
	if (!atomic_read(&walkers)) {
		av = dead;
		dead = NULL;
	}
	spin_unlock(&dead_lock);
	for (; av; av = next) {
		next = av->next_dead;
		kmem_cache_free(anon_vma_cache, av);
	}
}

static void free_anon_vma(struct anon_vma *av)
{
	/* not read before mapcount-- was seen: a locked instruction, SDM 3A,
	 * 8.2.3.9 */
	if (likely(!atomic_read(&walkers))) {
		kmem_cache_free(anon_vma_cache, av);
		return;
	}
	spin_lock(&dead_lock);
	av->next_dead = dead;
	dead = av;
	spin_unlock(&dead_lock);
	/* the last one may have looked before */
	if (!atomic_read(&walkers))
		free_dead();
}

void rmap_walk_begin(void)
{
	atomic_inc(&walkers);
}

void rmap_walk_end(void)
{
	if (atomic_dec_and_test(&walkers) &&
	    *(struct anon_vma *const volatile *)&dead)
		free_dead();
}

void anon_vma_unlink(struct vm_area_struct *vma)
{
	struct anon_vma *av = vma->anon_vma;
	bool last;

	if (!av)
		return;
	spin_lock(&av->lock);
	list_del(&vma->anon_vma_node);
	INIT_LIST_HEAD(&vma->anon_vma_node);
	last = list_empty(&av->head);
	spin_unlock(&av->lock);
	vma->anon_vma = NULL;
	if (last)
		free_anon_vma(av);
}

/* That of a neighbour, if both could become one area again but for rights. */
static struct anon_vma *of_neighbour(const struct vm_area_struct *vma)
{
	const struct vm_area_struct *near[2] = { vma->vm_prev, vma->vm_next };
	u32 i;

	for (i = 0; i < 2; i++) {
		const struct vm_area_struct *other = near[i];

		if (!other || !other->anon_vma || other->vm_ops || vma->vm_ops)
			continue;
		if (i == 0 ? other->vm_end == vma->vm_start &&
			     other->vm_pgoff + vma_pages(other) == vma->vm_pgoff
			   : vma->vm_end == other->vm_start &&
			     vma->vm_pgoff + vma_pages(vma) == other->vm_pgoff)
			return other->anon_vma;
	}
	return NULL;
}

int anon_vma_prepare(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;
	struct anon_vma *av, *made = NULL;
	bool mine = false;

	if (likely(vma->anon_vma))
		return 0;
	mutex_lock(&mm->grow_mutex);
	av = of_neighbour(vma);
	if (!av && !vma->anon_vma) {
		made = kmem_cache_alloc(anon_vma_cache, GFP_KERNEL);
		av = made;
	}
	if (av && !vma->anon_vma) {
		/* on the list first: who sees it in the area relies on that */
		join(av, vma);
		vma->anon_vma = av;
		mine = true;
	}
	mutex_unlock(&mm->grow_mutex);
	BUG_ON(made && !mine, "an anon_vma was made for nobody");
	return vma->anon_vma ? 0 : -ENOMEM;
}

/* --- pages --- */

u32 vma_address(const struct vm_area_struct *vma, u32 pgoff)
{
	u32 n = pgoff - vma->vm_pgoff;

	return n < vma_pages(vma) ? vma->vm_start + (n << PAGE_SHIFT) : ~0U;
}

/* Or one of a block, or one that others give back at this moment. */
void fastcall put_last_user(struct page *page)
{
	if (!PageCompound(page)) {
		if (!lru_release_pages(1, &page))
			return;
		page_forget_anon(page);
	}
	put_page(page);
}

void page_add_anon_rmap(struct page *page, const struct vm_area_struct *vma,
			u32 address)
{
	BUG_ON(!PageLocked(page), "a page is shown again that nobody locked");
	if (!page_mapcount(page)) {
		page->index = vma_pgoff(vma, address);
		page->mapping = (char *)vma->anon_vma + PAGE_MAPPING_ANON;
	}
	BUG_ON(page_anon_vma(page) != vma->anon_vma ||
	       page->index != vma_pgoff(vma, address),
	       "a page is shown where it is not found again");
	if (atomic_inc_and_test(&page->_mapcount))
		count_space(&own_space_counts()->anon, 1);
	trace_page(page, PAGE_MAP);
}

/* --- walks --- */

struct anon_vma *fastcall page_lock_anon_vma(struct page *page)
{
	struct anon_vma *av;

	rmap_walk_begin();
	if (page_mapcount(page) && PageAnon(page)) {
		av = page_anon_vma(page);
		spin_lock(&av->lock);
		if (page_mapcount(page) && page_anon_vma(page) == av)
			return av;
		spin_unlock(&av->lock);
	}
	rmap_walk_end();
	return NULL;
}

void fastcall page_unlock_anon_vma(struct anon_vma *av)
{
	spin_unlock(&av->lock);
	rmap_walk_end();
}

u32 *fastcall rmap_lock_entry(struct vm_area_struct *vma, const struct page *page,
		     u32 *address)
{
	struct mm_struct *mm = vma->vm_mm;
	pteval_t value = 0;
	u32 *entry;

	*address = vma_address(vma, page->index);
	if (*address == ~0U)
		return NULL;
	spin_lock(page_table_lock(mm));
	entry = pt_find(&mm->pgd, *address);
	if (entry)
		value = pt_read(&mm->pgd, entry);
	if (pte_shows_page(value) && pte_page(value) == page)
		return entry;
	spin_unlock(page_table_lock(mm));
	return NULL;
}

int rmap_look(struct vm_area_struct *vma, struct page *page,
	      int (*fn)(struct vm_area_struct *vma, u32 address, void *arg),
	      void *arg)
{
	u32 address;
	int result;

	if (!rmap_lock_entry(vma, page, &address))
		return 0;
	result = fn(vma, address, arg);
	spin_unlock(page_table_lock(vma->vm_mm));
	return result;
}

int rmap_walk_anon(struct page *page,
		   int (*fn)(struct vm_area_struct *vma, u32 address,
			     void *arg), void *arg)
{
	struct vm_area_struct *vma;
	struct anon_vma *av;
	int result = 0;

	BUG_ON(page_mapcount(page) && !PageAnon(page),
	       "the areas of a page that no anon_vma has");
	av = page_lock_anon_vma(page);
	if (!av)
		return 0;
	list_for_each_entry(vma, &av->head, anon_vma_node) {
		result = rmap_look(vma, page, fn, arg);
		if (result)
			break;
	}
	page_unlock_anon_vma(av);
	return result;
}
