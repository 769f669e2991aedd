/* What the files of mm/space share. */
#ifndef MM_SPACE_INTERNAL_H
#define MM_SPACE_INTERNAL_H

#include <kernel/cpu/tlb.h>
#include <mm/space/fault.h>
#include <mm/space/mm.h>
#include <mm/space/rmap.h>

static inline struct vm_area_struct *vma_of(struct rb_node *node)
{
	return rb_entry(node, struct vm_area_struct, vm_rb.node);
}

/* Free bytes right below an area. */
static inline u32 vma_gap(const struct vm_area_struct *vma)
{
	return vma->vm_start - (vma->vm_prev ? vma->vm_prev->vm_end : 0);
}

static inline u32 vma_pages(const struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}

/* Boot: their caches. */
void vma_init(void);
void rmap_init(void);
void rmap_file_init(void);
void tables_init(void);
void fault_init(void);

/* --- vma.c --- */

/* find_vma(), mostly where the last one was found. */
static __always_inline struct vm_area_struct *
find_vma_quick(struct mm_struct *mm, u32 addr)
{
	struct vm_area_struct *vma = mm->mmap_cache;

	if (likely(vma && vma->vm_end > addr && vma->vm_start <= addr))
		return vma;
	return find_vma(mm, addr);
}

/* A zeroed mm: no areas, one user, the default limits. */
void mm_init_areas(struct mm_struct *mm);

struct vm_area_struct *alloc_vma(void);		/* zeroed; NULL */

/* One that is as vma is, but on no list; NULL. */
struct vm_area_struct *copy_vma(const struct vm_area_struct *vma);
void free_vma(struct vm_area_struct *vma);	/* one that was not linked */

void link_vma(struct mm_struct *mm, struct vm_area_struct *vma,
	      struct vm_area_struct *prev);
void unlink_vma(struct mm_struct *mm, struct vm_area_struct *vma);

/* Other borders for an area; its neighbours are not in the way. The offset of
 * what it shows moves with its begin. */
void move_borders(struct vm_area_struct *vma, u32 start, u32 end);

/* The area becomes two at addr, which is inside of it: it keeps the lower part.
 * 0, or -ENOMEM and nothing has changed. */
int split_vma(struct vm_area_struct *vma, u32 addr);

/* Becomes one area with those next to it that show the same, in the same way:
 * the area that it is part of then. */
struct vm_area_struct *join_neighbours(struct vm_area_struct *vma);

/* Cuts the area at the ends of the range: the part inside. NULL: no memory, and
 * nothing has changed. */
struct vm_area_struct *cut_out(struct vm_area_struct *vma, u32 start, u32 end);

/* What is inside of the range gets these flags; entries are the caller's. The
 * area it is part of then, or NULL as above. */
struct vm_area_struct *set_area_flags(struct vm_area_struct *vma, u32 start,
				      u32 end, u32 flags);

/*
 * Calls fn for the part of each area that is in [start, end), lowest first,
 * until it returns an error, which is returned. It may change the area, split
 * and join it. -ENOMEM: not all is mapped; over_holes: what is has been done,
 * else what comes before the hole.
 */
int for_each_part(struct mm_struct *mm, u32 start, u32 end, bool over_holes,
		  int (*fn)(struct vm_area_struct *vma, u32 start, u32 end,
			    u32 arg), u32 arg);

/* Private memory at [start, end), which is free, becomes part of the area below
 * or above, or of both. NULL: of neither. */
struct vm_area_struct *extend_neighbour(struct mm_struct *mm,
					struct vm_area_struct *prev, u32 start,
					u32 end, u32 flags);

/* So many pages more, or less, of that kind are mapped. */
void count_vm(struct mm_struct *mm, u32 flags, bool shows_file, s32 pages);

/* Is there room for so many pages more under RLIMIT_AS? */
bool may_expand(const struct mm_struct *mm, u32 pages);

/* May so many be locked altogether, under RLIMIT_MEMLOCK? */
bool may_lock(const struct mm_struct *mm, u32 pages);

/* It is unmapped and off the list; it goes. */
void drop_vma(struct vm_area_struct *vma);

/* Order, tree, gaps and counts: how many differences. mmap_sem is held. */
u32 check_areas(struct mm_struct *mm, void (*report)(const char *sentence));

/* Says, and counts in *found, that a count of a space is not what there is. */
void check_count(const char *what, u32 says, u32 is,
		 void (*report)(const char *sentence), unsigned int *found);

/* --- the entries of areas (zap.c, memory.c) --- */

/*
 * The entries of the areas from first to the end of their list become empty,
 * and pages that nobody else has go. Tables go that show nothing any more:
 * nothing else is mapped in [floor, ceiling).
 */
void unmap_areas(struct mm_struct *mm, struct vm_area_struct *first, u32 floor,
		 u32 ceiling);

/* The entries of [start, end) get the area's protection. */
void change_protection(struct vm_area_struct *vma, u32 start, u32 end);

/* What [from, from + len) of vma shows is shown at `to` of new, which has the
 * same anon_vma, from then on: how many bytes, less than len without memory for
 * tables. */
u32 move_page_tables(struct vm_area_struct *vma, u32 from,
		     struct vm_area_struct *new, u32 to, u32 len);

/* The entry of an address, with the tables on the way; NULL: no memory. No
 * lock is held. */
u32 *make_entry(struct mm_struct *mm, u32 address);

/* Copies what vma shows to `child`, an area at the same place of another space
 * that nobody runs with. -ENOMEM: a part of it is copied. */
int copy_page_tables(struct vm_area_struct *child, struct vm_area_struct *vma);

/* Empties the entries of [start, end) of an area, of which nothing is held but
 * what keeps it: those of pages it shows; all_kinds: private ones, too. */
void zap_entries(struct vm_area_struct *vma, u32 start, u32 end,
		 bool all_kinds);

/* --- rmap.c --- */

/*
 * The anon_vma of a page, locked; NULL: no entry shows it. While it is locked
 * it stays, the areas on its list stay where they are, and their spaces and
 * tables are there. The caller has a user of the page.
 */
struct anon_vma *fastcall page_lock_anon_vma(struct page *page);
void fastcall page_unlock_anon_vma(struct anon_vma *av);

/* While somebody walks, no anon_vma is freed. The two above do this, too. */
void rmap_walk_begin(void);
void rmap_walk_end(void);

/* The entry of an area that shows the page, be it one that nobody may touch,
 * and its address, with page_table_lock; NULL, without: there is none. The lock
 * of the area's list is held. */
u32 *fastcall rmap_lock_entry(struct vm_area_struct *vma, const struct page *page,
		     u32 *address);

/* Calls fn with page_table_lock, if the area has the page, and its entry shows
 * it, be it one that nobody may touch: what it returns, or 0. */
int rmap_look(struct vm_area_struct *vma, struct page *page,
	      int (*fn)(struct vm_area_struct *vma, u32 address, void *arg),
	      void *arg);

/* --- i_mmap.c: areas of a mapping --- */

/* Around a change of the borders of an area, and of the areas of its mapping;
 * nothing if it has none. May sleep. */
void lock_mapping(struct vm_area_struct *vma);
void unlock_mapping(struct vm_area_struct *vma);

/* On the list of its mapping, behind all others, and off it; no change if it is
 * there, or is not, or has no mapping. Locked: by lock_mapping(). */
void mapping_link(struct vm_area_struct *vma);
void mapping_link_locked(struct vm_area_struct *vma);
void mapping_unlink(struct vm_area_struct *vma);
void mapping_unlink_locked(struct vm_area_struct *vma);

/* --- shmem_swap.c: shared memory in swap --- */

struct shared_memory;

/* On the list of all, with a table that is empty: false, no memory; and off it,
 * its slots free, when its pages have gone. */
bool shared_slots_init(struct shared_memory *shared);
void shared_slots_free(struct shared_memory *shared);

/* address_space_operations. */
int shared_readpage(struct address_space *mapping, struct page *page);
int shared_swap_out(struct address_space *mapping, struct page *page);

/* --- what is known of entries --- */

/* A page, be it one that nobody may touch; else empty, or a swap entry. */
static __always_inline bool pte_shows_page(pteval_t value)
{
	return value & (_PAGE_PRESENT | PTE_PROTNONE);
}

static __always_inline struct page *pte_page(pteval_t value)
{
	return pfn_to_page((u32)((value & PTE_FRAME_MASK) >> PAGE_SHIFT));
}

/* Frames that are not RAM (those of holes are reserved, too) and the zero page
 * are counted nowhere. */
static __always_inline bool pte_is_counted(pteval_t value)
{
	u64 pfn = (value & PTE_FRAME_MASK) >> PAGE_SHIFT;

	return pfn < max_mapnr && !PageReserved(pfn_to_page((u32)pfn));
}

/* Both at once, for who knows the format: NULL, or the page. */
static __always_inline struct page *pte_counted_page(pteval_t value, bool wide)
{
	struct page *page;

	/* an entry of 4 bytes needs no 64-bit arithmetic */
	if (wide ? (value & PTE_FRAME_MASK) >> PAGE_SHIFT >= max_mapnr :
		   (u32)value >> PAGE_SHIFT >= max_mapnr)
		return NULL;
	page = pfn_to_page(wide ? (u32)(value >> PAGE_SHIFT) :
				  (u32)value >> PAGE_SHIFT);
	return unlikely(PageReserved(page)) ? NULL : page;
}

/* A page was written through an entry of the area, which goes. */
static inline void tell_dirty(struct vm_area_struct *vma, struct page *page)
{
	if (vma->vm_ops && vma->vm_ops->dirtied)
		vma->vm_ops->dirtied(vma, page);
}

/* The page of a file, or of what else is shown; NULL: the entry shows none. */
static inline struct page *pte_file_page(pteval_t value)
{
	struct page *page;

	if (!pte_shows_page(value) || !pte_is_counted(value))
		return NULL;
	page = pte_page(value);
	return PageAnon(page) ? NULL : page;
}

/* The count that the page is in. */
static inline u32 *rss_of(struct mm_struct *mm, const struct page *page)
{
	return PageAnon(page) ? &mm->anon_rss : &mm->file_rss;
}

/* Behind the part of the table that va is in, at most end. */
static inline u32 end_of_table(const struct pgtable *pt, u32 va, u32 end)
{
	u32 size = pt_level_size(pt, 2);

	return min(ALIGN_DOWN(va, size) + size - 1, end - 1) + 1;
}

/* --- the TLB; a space that no CPU has needs no flush --- */

static inline bool mm_is_active(const struct mm_struct *mm)
{
	return active_mms[smp_processor_id()] == mm;
}

static inline void flush_mm_page(const struct mm_struct *mm, u32 address)
{
	if (mm_is_active(mm))
		flush_tlb_one(address);
}

/* Entries of user addresses are never global. */
static inline void flush_mm(const struct mm_struct *mm)
{
	if (mm_is_active(mm))
		flush_tlb_local();
}

static inline void flush_mm_range(const struct mm_struct *mm, u32 start,
				  u32 end)
{
	if (end - start == PAGE_SIZE)
		flush_mm_page(mm, start);
	else
		flush_mm(mm);
}

/* A page of zeros, that is never written. */
extern char empty_zero_page[PAGE_SIZE];

/* --- a fault that is being answered (memory.c, filemap.c) --- */

/*
 * The shortest ways are inline, and have it in registers; what is out of the
 * ordinary gets a copy, so that nobody has its address.
 */
struct fault {
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	u32 address;
	u32 *entry;
	pteval_t old;		/* the entry as it was looked at first */
	bool write;
	bool wide;		/* entries of 8 bytes; known to the compiler */
};

/* A new value for an entry that shows the page. */
static __always_inline pteval_t make_pte(const struct fault *f,
					 const struct page *page)
{
	pteval_t prot = f->vma->vm_page_prot & supported_pte_mask;

	return PFN_PHYS(page_to_pfn(page)) | prot;
}

/* Is the entry as it was? Then with page_table_lock; else without. */
static __always_inline bool lock_unchanged(const struct fault *f)
{
	spin_lock(page_table_lock(f->mm));
	if (likely(pte_read(f->entry, f->wide) == f->old))
		return true;
	spin_unlock(page_table_lock(f->mm));
	return false;
}

static __always_inline void unlock(const struct fault *f)
{
	spin_unlock(page_table_lock(f->mm));
}

/* A page of the area's own; NULL: no memory. */
struct page *fault_own_page(const struct fault *f);

/* It goes into an entry that is empty, unless that has changed: then it goes.*/
enum fault_result fault_install_own(const struct fault *f, struct page *page);

/* An empty entry of an area that has nopage(). */
enum fault_result shown_page(struct fault f);

#endif
