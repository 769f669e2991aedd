/*
 * What an address space says of its entries, recomputed.
 *
 * Every entry that is not empty lies in an area and has no right that the area
 * has not; a page that it shows is mapped, and if it is private, belongs to the
 * area's anon_vma at that offset. One of a file is in the mapping that the area
 * shows, and from it every entry is found. Counts are what the tables have. A
 * table stands only where an area has an address.
 *
 * Entries change meanwhile, as who takes pages back has no mmap_sem: so each is
 * looked at by itself, and all of them are counted in one go.
 */
#include <kernel/lib/differs.h>
#include <mm/page/page_alloc.h>
#include <mm/space/filemap.h>
#include <mm/space/internal.h>
#include <mm/table/swap_entry.h>

struct check {
	struct mm_struct *mm;
	void (*report)(const char *sentence);
	unsigned int found;
	u32 tables;
	/* under one page_table_lock: what there is, and what the mm says */
	struct entries {
		u32 anon, file, swap;
	} is, says;
};

#define differs(c, ...) \
	say_differs((c)->report, &(c)->found, __VA_ARGS__)

static void check_anon(struct check *c, const struct vm_area_struct *vma,
		       u32 addr, const struct page *page)
{
	if (page_anon_vma(page) != vma->anon_vma)
		differs(c, "the page at %08x belongs to another area", addr);
	else if (vma_address(vma, page->index) != addr)
		differs(c, "the page at %08x has the offset %x, of %08x", addr,
			page->index, vma_address(vma, page->index));
}

static void check_shown(struct check *c, const struct vm_area_struct *vma,
			u32 addr, const struct page *page)
{
	if (!vma->vm_mapping)
		return;
	if (page->mapping != vma->vm_mapping)
		differs(c, "the page at %08x is not in the file of its area",
			addr);
	else if (vma_address(vma, page->index) != addr)
		differs(c, "the page at %08x is the file's %x, which belongs "
			"at %08x", addr, page->index,
			vma_address(vma, page->index));
}

static void check_page(struct check *c, const struct vm_area_struct *vma,
		       u32 addr, pteval_t value)
{
	const struct page *page = pte_page(value);

	if (!pte_is_counted(value))
		return;
	if (page_mapcount(page) < 1 || page_count(page) < page_mapcount(page))
		differs(c, "the page at %08x has %d entries and %d users", addr,
			page_mapcount(page), page_count(page));
	if (PageAnon(page))
		check_anon(c, vma, addr, page);
	else
		check_shown(c, vma, addr, page);
	if (PageSwapCache(page) && !PageAnon(page))
		differs(c, "the page at %08x is in swap, and nobody's", addr);
	if (value & _PAGE_RW && !(vma->vm_flags & VM_SHARED) &&
	    page_mapcount(page) > 1)
		differs(c, "the page at %08x is shared, and may be written",
			addr);
}

/* Private memory that is somewhere else. */
static void check_swapped(struct check *c, const struct vm_area_struct *vma,
			  u32 addr, pteval_t value)
{
	swp_entry_t entry = pte_to_swp_entry(value);

	if (value != entry.val || !swp_offset(entry))
		differs(c, "the entry at %08x says no slot of swap: %llx", addr,
			value);
	else if (vma->vm_flags & VM_SHARED || !vma->anon_vma)
		differs(c, "the entry at %08x says slot %x of swap, in an area "
			"(flags %x) without private pages", addr,
			swp_offset(entry), vma->vm_flags);
}

static void check_entry(struct check *c, u32 addr, pteval_t value)
{
	const struct vm_area_struct *vma = find_vma(c->mm, addr);

	if (!vma || vma->vm_start > addr) {
		differs(c, "an entry is left at %08x, where no area is", addr);
		return;
	}
	if (!pte_shows_page(value)) {
		check_swapped(c, vma, addr, value);
		return;
	}
	if ((value & _PAGE_RW && !(vma->vm_flags & VM_WRITE)) ||
	    (value & _PAGE_PRESENT && !(vma->vm_flags & VM_ACCESS)) ||
	    !(value & _PAGE_USER) ||
	    ((vma->vm_page_prot ^ value) & supported_pte_mask & _PAGE_NX))
		differs(c, "the entry at %08x permits what its area (flags %x) "
			"does not: %llx", addr, vma->vm_flags, value);
	check_page(c, vma, addr, value);
}

/* --- from the page, every entry --- */

static int count_entry(struct vm_area_struct *vma, u32 address, void *arg)
{
	++*(u32 *)arg;
	return 0;
}

/* What other spaces do meanwhile changes the number of entries. */
static void check_walk(struct check *c, u32 addr, struct page *page)
{
	s32 entries = page_mapcount(page);
	u32 found = 0;

	/* who has it locked may make more of them; mapping is read locked */
	if (!trylock_page(page))
		return;
	if (page->mapping && !PageAnon(page)) {
		rmap_walk_file(page, count_entry, &found);
		if (entries == page_mapcount(page) && found != (u32)entries)
			differs(c, "the page at %08x has %d entries, and %u "
				"are found", addr, entries, found);
	}
	unlock_page(page);
}

static void check_table(struct check *c, u32 start, u32 end)
{
	u32 *entry = pt_find(&c->mm->pgd, start), addr;

	c->tables++;
	if (!find_vma_intersection(c->mm, start, end))
		differs(c, "a table is left at %08x, where no area is", start);
	for (addr = start; addr < end; addr += PAGE_SIZE) {
		struct page *page = NULL;
		pteval_t value;

		/* for each by itself: sentences are long in coming */
		spin_lock(page_table_lock(c->mm));
		value = pt_read(&c->mm->pgd, entry);
		if (value) {
			check_entry(c, addr, value);
			page = pte_file_page(value);
		}
		if (page)
			get_page(page);
		spin_unlock(page_table_lock(c->mm));
		if (page) {
			check_walk(c, addr, page);
			put_page(page);
		}
		entry = pt_next(&c->mm->pgd, entry);
	}
}

static void check_tables(struct check *c)
{
	const struct pgtable *pt = &c->mm->pgd;
	u32 size = pt_level_size(pt, 2), addr;

	for (addr = 0; addr < TASK_SIZE; addr += size) {
		struct pt_walk walk;

		pt_walk(pt, addr, &walk);
		if (pt->levels == 3 && !(addr & ((1U << 30) - 1)))
			c->tables += walk.step[0].value & _PAGE_PRESENT;
		if (walk.step[walk.nr_steps - 1].level == 1)
			check_table(c, addr, addr + size);
	}
}

/* --- counts --- */

static void count_entry_of(struct entries *is, pteval_t value)
{
	if (!value)
		return;
	if (!pte_shows_page(value))
		is->swap++;
	else if (!pte_is_counted(value))
		return;
	else if (PageAnon(pte_page(value)))
		is->anon++;
	else
		is->file++;
}

static void count_in_table(struct check *c, u32 *entry)
{
	const struct pgtable *pt = &c->mm->pgd;
	u32 n = pt_entries(pt, 1);

	for (; n; n--, entry = pt_next(pt, entry))
		count_entry_of(&c->is, pt_read(pt, entry));
}

static void check_counts(struct check *c)
{
	struct mm_struct *mm = c->mm;
	u32 size = pt_level_size(&mm->pgd, 2), addr, *entry;

	spin_lock(page_table_lock(mm));
	for (addr = 0; addr < TASK_SIZE; addr += size) {
		entry = pt_find(&mm->pgd, addr);
		if (entry)
			count_in_table(c, entry);
	}
	c->says = (struct entries){ mm->anon_rss, mm->file_rss,
				    mm->swap_entries };
	spin_unlock(page_table_lock(mm));
	check_count("private pages", c->says.anon, c->is.anon, c->report,
		    &c->found);
	check_count("pages of files", c->says.file, c->is.file, c->report,
		    &c->found);
	check_count("swap entries", c->says.swap, c->is.swap, c->report,
		    &c->found);
	check_count("page tables", mm->nr_tables, c->tables, c->report,
		    &c->found);
}

u32 mm_check_space(struct mm_struct *mm, void (*report)(const char *sentence))
{
	struct check c = { .mm = mm, .report = report };

	down_read(&mm->mmap_sem);
	c.found = check_areas(mm, report);
	check_tables(&c);
	check_counts(&c);
	up_read(&mm->mmap_sem);
	return c.found;
}
