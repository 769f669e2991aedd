/*
 * From a page to the entries that show it. ULK3 section 17.2.
 *
 * A private page belongs to an anon_vma: the list of all areas that may have
 * it, those of the area it was made in, of its parts and of their copies in
 * children. page->mapping holds it, with bit 0 set; page->index is the page's
 * offset, and vma_address() says where an area would show it.
 *
 * A page of a file has its address_space there, which has the areas that show
 * it on i_mmap; index is its offset in the file.
 */
#ifndef MM_SPACE_RMAP_H
#define MM_SPACE_RMAP_H

#include <mm/page/page_alloc.h>
#include <mm/page/page_trace.h>
#include <mm/space/mm.h>

#define PAGE_MAPPING_ANON 1U

struct anon_vma {
	spinlock_t lock;
	struct list_head head;		/* of vm_area_struct.anon_vma_node */
	struct anon_vma *next_dead;	/* its areas are gone: rmap.c, 4 */
};

static inline bool PageAnon(const struct page *page)
{
	return (uintptr_t)page->mapping & PAGE_MAPPING_ANON;
}

static inline struct anon_vma *page_anon_vma(const struct page *page)
{
	return (struct anon_vma *)((uintptr_t)page->mapping -
				   PAGE_MAPPING_ANON);
}

/*
 * Of all spaces: pages that entries show, each once, of private memory and of
 * files; and page tables, without their roots. Each CPU counts what it changes;
 * one instruction, so nothing is lost.
 */
struct space_counts {
	u32 anon, file, tables;
};

extern struct space_counts space_counts[NR_CPUS];

static __always_inline void count_space(u32 *own, s32 n)
{
	__atomic_fetch_add(own, (u32)n, __ATOMIC_RELAXED);
}

#define own_space_counts() (&space_counts[smp_processor_id()])

/* Their sums. Any context. */
struct space_counts sum_space_counts(void);

/* Where the area shows the page of that offset, ~0U: nowhere. */
u32 vma_address(const struct vm_area_struct *vma, u32 pgoff);

/* The way back: the offset of the page at an address of the area. */
static __always_inline u32 vma_pgoff(const struct vm_area_struct *vma,
				     u32 address)
{
	return vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT);
}

/* The area has an anon_vma when this returns 0; -ENOMEM. mmap_sem is held for
 * reading. May sleep. */
int anon_vma_prepare(struct vm_area_struct *vma);

/* An area joins, and leaves, the list of its anon_vma, which goes with its last
 * area. mmap_sem is held for writing, or nobody else knows the area. */
void anon_vma_link(struct vm_area_struct *vma);
void anon_vma_unlink(struct vm_area_struct *vma);

/* An entry shows a page that nobody else knows; page_table_lock is held. */
static __always_inline void
page_add_new_anon_rmap(struct page *page, const struct vm_area_struct *vma,
		       u32 address)
{
	page->index = vma_pgoff(vma, address);
	page->mapping = (char *)vma->anon_vma + PAGE_MAPPING_ANON;
	atomic_set(&page->_mapcount, 0);
	count_space(&own_space_counts()->anon, 1);
	trace_page(page, PAGE_MAP);
}

/*
 * An entry shows a page of the swap cache again; page_table_lock is held, the
 * page is locked, and has a user for the entry. If no other entry shows it, and
 * it was read just now, it belongs to nobody until then.
 */
void page_add_anon_rmap(struct page *page, const struct vm_area_struct *vma,
			u32 address);

/* Its last user gives it back: it belongs to no anon_vma any more. */
static __always_inline void page_forget_anon(struct page *page)
{
	if (PageAnon(page)) {
		page->mapping = NULL;
		page->index = 0;
	}
}

/* One entry more shows a page of a file. */
static __always_inline void page_add_file_rmap(struct page *page)
{
	if (atomic_inc_and_test(&page->_mapcount))
		count_space(&own_space_counts()->file, 1);
	trace_page(page, PAGE_MAP);
}

static __always_inline void page_remove_rmap(struct page *page)
{
	if (atomic_dec_negative(&page->_mapcount)) {
		struct space_counts *own = own_space_counts();

		BUG_ON(page_mapcount(page) < 0,
		       "an entry of a page goes, and it had none");
		count_space(PageAnon(page) ? &own->anon : &own->file, -1);
	}
	trace_page(page, PAGE_UNMAP);
}

/* One user less; the last one frees it, also a page of an anon_vma. Any
 * context. */
void fastcall put_last_user(struct page *page);

static __always_inline void put_user_page(struct page *page)
{
	if (!put_page_of_others(page))
		put_last_user(page);
}

/*
 * Calls fn for each entry that shows the page, until it returns non-zero, which
 * is returned. The anon_vma's lock and page_table_lock are held around fn. The
 * caller holds a user of the page, and needs no mmap_sem. For pages of an
 * anon_vma.
 */
int rmap_walk_anon(struct page *page,
		   int (*fn)(struct vm_area_struct *vma, u32 address,
			     void *arg), void *arg);

/* The same for a page of a file, which is locked: so it stays in its mapping,
 * and no entry is added. May sleep; under i_mmap_lock. */
int rmap_walk_file(struct page *page,
		   int (*fn)(struct vm_area_struct *vma, u32 address,
			     void *arg), void *arg);

/* --- for who takes pages back (mm/space/rmap_unmap.c) --- */

/*
 * How many entries were used since this was asked last, and PG_referenced: both
 * are clear then. The page is locked, the caller has a user of it. Nobody needs
 * to hold mmap_sem; it waits for no sleeping lock: what is busy counts as used.
 */
u32 fastcall page_referenced(struct page *page);

enum unmap_result {
	UNMAP_SUCCESS,		/* no entry shows it any more */
	UNMAP_AGAIN,		/* something was busy, or it was just used */
	UNMAP_FAIL,		/* VM_LOCKED or VM_IO: never */
};

/*
 * All entries that show the page go: of private memory, which is in the swap
 * cache, they become swap entries (swap_hooks.copy), of a file empty. What the
 * CPU noted is noted in the page: PG_dirty. As page_referenced() otherwise.
 */
enum unmap_result fastcall try_to_unmap(struct page *page);

#endif
