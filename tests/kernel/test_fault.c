/*
 * Page faults of user addresses: mm/space/memory.c, fault.c, zap.c, uaccess.c.
 */
#include <kernel/cpu/processor.h>
#include <kernel/cpu/segment.h>
#include <kernel/cpu/tlb.h>
#include <mm/cache/pagemap.h>
#include <mm/high/highmem.h>
#include <mm/object/slab.h>
#include <mm/report/walk.h>
#include <mm/table/paging.h>
#include "user_space.h"

/* --- private memory --- */

/* Pages full of something are the next ones to be given out. */
static void make_dirt(struct mm_struct *mm)
{
	u32 i;

	EXPECT_EQ(map_pages(mm, USER, 8, RW, MAP_FIXED), USER);
	for (i = 0; i < 8 * PAGE_SIZE; i += 4)
		if (!EXPECT(poke(USER + i, 0xdeadbeef)))
			break;
	EXPECT_EQ(unmap_pages(mm, USER, 8), 0);
	mm->min_faults = 0;
}

TEST(fault, zero_page_then_a_page_of_its_own)
{
	struct mm_struct *mm = space_begin();
	u32 i;

	REQUIRE(mm);
	make_dirt(mm);
	REQUIRE(map_pages(mm, USER, 4, RW, MAP_FIXED) == USER);
	EXPECT_EQ(mm->nr_tables, 0);
	for (i = 0; i < PAGE_SIZE; i += 4)
		if (!EXPECT_EQ(peek(USER + i), 0))
			break;
	EXPECT_EQ(entry_at(mm, USER) & (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER),
		  _PAGE_PRESENT | _PAGE_USER);
	EXPECT(mm->anon_rss == 0 && mm->file_rss == 0);
	EXPECT(page_at(mm, USER) == page_at(mm, USER));
	EXPECT(poke(USER + 8, 0x600d0001));
	EXPECT(mm->anon_rss == 1);
	EXPECT(peek(USER) == 0 && peek(USER + 8) == 0x600d0001);
	EXPECT(entry_at(mm, USER) & _PAGE_RW);
	EXPECT(entry_at(mm, USER) & _PAGE_DIRTY);
	/* without a read before, and every byte of it */
	EXPECT(poke(USER + PAGE_SIZE + 4092, 1));
	for (i = 0; i < 4092; i += 4)
		if (!EXPECT_EQ(peek(USER + PAGE_SIZE + i), 0))
			break;
	EXPECT_EQ(mm->anon_rss, 2);
	EXPECT_EQ(mm->min_faults, 3);
	EXPECT_EQ(page_count(page_at(mm, USER)), 1);
	EXPECT_EQ(page_mapcount(page_at(mm, USER)), 1);
	space_end(mm);
}

/* The zero page is one for all, and no write ever reaches it. */
TEST(fault, zero_page_stays_zero)
{
	struct mm_struct *mm = space_begin();
	u32 i;

	REQUIRE(mm && map_pages(mm, USER, 32, RW, MAP_FIXED) == USER);
	for (i = 0; i < 32; i++)
		EXPECT_EQ(peek(USER + i * PAGE_SIZE), 0);
	for (i = 1; i < 32; i++)
		EXPECT(page_at(mm, USER + i * PAGE_SIZE) ==
		       page_at(mm, USER));
	for (i = 0; i < 32; i += 2)
		EXPECT(poke(USER + i * PAGE_SIZE, i + 1));
	for (i = 0; i < 32; i++)
		EXPECT_EQ(peek(USER + i * PAGE_SIZE), i & 1 ? 0 : i + 1);
	space_end(mm);
}

TEST(fault, high_pages_where_there_are)
{
	struct mm_struct *mm = space_begin();

	REQUIRE(mm && map_pages(mm, USER, 1, RW, MAP_FIXED) == USER);
	EXPECT(poke(USER, 1));
	if (totalhigh_pages > 1000 && machine_nodes.nr == 1)
		EXPECT(page_is_high(page_at(mm, USER)));
	space_end(mm);
}

TEST(fault, pages_and_tables_come_back)
{
	struct mm_struct *mm = space_begin();
	u32 tables = kernel_pgtable.levels - 1;

	REQUIRE(mm && map_pages(mm, USER, 3, RW, MAP_FIXED) == USER);
	REQUIRE(map_pages(mm, USER + 0x400000, 1, RW, MAP_FIXED) < TASK_SIZE);
	EXPECT(poke(USER, 1) && poke(USER + 0x2000, 1));
	EXPECT_EQ(mm->nr_tables, tables);
	EXPECT(poke(USER + 0x400000, 1));
	EXPECT_EQ(mm->nr_tables, tables + 1);
	space_check(mm);
	EXPECT_EQ(unmap_pages(mm, USER, 2), 0);
	EXPECT(mm->anon_rss == 2 && mm->nr_tables == tables + 1);
	EXPECT(!poke(USER, 1) && !peek(USER) && peek(USER + 0x2000) == 1);
	space_check(mm);
	EXPECT_EQ(unmap_pages(mm, USER + 0x2000, 1), 0);
	EXPECT(mm->anon_rss == 1 && mm->nr_tables == tables);
	EXPECT_EQ(unmap_pages(mm, USER + 0x400000, 1), 0);
	EXPECT(mm->anon_rss == 0 && mm->nr_tables == 0);
	/* what is mapped there again is zero */
	REQUIRE(map_pages(mm, USER, 3, RW, MAP_FIXED) == USER);
	EXPECT(peek(USER) == 0 && peek(USER + 0x2000) == 0);
	space_end(mm);
}

/* More than a batch, across tables, with holes. */
TEST(fault, many_pages)
{
	struct mm_struct *mm = space_begin();
	u32 i, n = 700, base;

	if (nr_unused_pages() < 1200)
		n = nr_unused_pages() / 20 * 10;
	/* in the range of two tables */
	base = USER + 0x400000 - n / 2 * PAGE_SIZE;
	REQUIRE(mm && map_pages(mm, base, n, RW, MAP_FIXED) == base);
	for (i = 0; i < n; i++)
		if (i % 5 && !EXPECT(poke(base + i * PAGE_SIZE, i)))
			break;
	for (i = 0; i < n; i++)
		if (!EXPECT_EQ(peek(base + i * PAGE_SIZE), i % 5 ? i : 0))
			break;
	EXPECT_EQ(mm->anon_rss, n - n / 5);
	space_check(mm);
	EXPECT_EQ(unmap_pages(mm, base + PAGE_SIZE, n - 2), 0);
	EXPECT_EQ(mm->anon_rss, 1);
	space_end(mm);
}

/* --- rights --- */

TEST(fault, rights_are_kept)
{
	struct mm_struct *mm = space_begin();

	REQUIRE(mm && map_pages(mm, USER, 3, RW, MAP_FIXED) == USER);
	EXPECT(poke(USER, 7) && poke(USER + PAGE_SIZE, 8));
	EXPECT_EQ(protect_pages(mm, USER, 2, PROT_READ), 0);
	EXPECT(!poke(USER, 9) && peek(USER) == 7);
	EXPECT_EQ(protect_pages(mm, USER, 1, PROT_NONE), 0);
	EXPECT(!peek(USER) && !poke(USER, 9));
	EXPECT(!(entry_at(mm, USER) & _PAGE_PRESENT) && entry_at(mm, USER));
	EXPECT_EQ(mm->anon_rss, 2);
	space_check(mm);
	EXPECT_EQ(protect_pages(mm, USER, 2, RW), 0);
	EXPECT(peek(USER) == 7 && peek(USER + PAGE_SIZE) == 8);
	EXPECT(poke(USER, 9) && peek(USER) == 9);
	/* it was its own: nothing was copied */
	EXPECT_EQ(mm->anon_rss, 2);
	EXPECT_EQ(unmap_pages(mm, USER, 1), 0);
	space_end(mm);
}

static enum fault_result try(struct mm_struct *mm, u32 addr, u32 error)
{
	return mm_fault(mm, addr, error, 0);
}

/* The truth table of fault.c. */
TEST(fault, truth_table)
{
	static const struct {
		u32 prot;
		enum fault_result read, write, exec;
	} row[] = {
		{ PROT_NONE, FAULT_PROTECTION, FAULT_PROTECTION,
		  FAULT_PROTECTION },
		{ PROT_READ, FAULT_MINOR, FAULT_PROTECTION, FAULT_PROTECTION },
		{ PROT_WRITE, FAULT_MINOR, FAULT_MINOR, FAULT_PROTECTION },
		{ PROT_EXEC, FAULT_MINOR, FAULT_PROTECTION, FAULT_MINOR },
		{ RW | PROT_EXEC, FAULT_MINOR, FAULT_MINOR, FAULT_MINOR },
	};
	struct mm_struct *mm = space_begin();
	u32 i, at = USER;

	REQUIRE(mm);
	for (i = 0; i < ARRAY_SIZE(row); i++, at += 2 * PAGE_SIZE) {
		REQUIRE(map_pages(mm, at, 1, row[i].prot, MAP_FIXED) == at);
		EXPECT_EQ(try(mm, at + 5, PF_USER), row[i].read);
		EXPECT_EQ(try(mm, at + 5, PF_USER | PF_WRITE), row[i].write);
		EXPECT_EQ(try(mm, at + 5, PF_USER | PF_INSTR), row[i].exec);
		EXPECT_EQ(try(mm, at + 5, PF_USER | PF_PRESENT),
			  FAULT_PROTECTION);
		EXPECT_EQ(try(mm, at + PAGE_SIZE, PF_USER), FAULT_NO_AREA);
		if (paging_mode.nx && row[i].read == FAULT_MINOR)
			EXPECT_EQ(!(entry_at(mm, at) & _PAGE_NX),
				  row[i].exec == FAULT_MINOR);
	}
	EXPECT_EQ(try(mm, 0, PF_WRITE), FAULT_NO_AREA);
	EXPECT_EQ(try(mm, TASK_SIZE - 1, PF_WRITE), FAULT_NO_AREA);
	space_end(mm);
}

TEST(fault, a_stack_grows)
{
	struct mm_struct *mm = space_begin();
	u32 top = USER + 0x100000;

	REQUIRE(mm);
	mm->limit.stack = 16 * PAGE_SIZE;
	REQUIRE(map_pages(mm, top, 1, RW, MAP_FIXED | MAP_GROWSDOWN) == top);
	EXPECT(poke(top - 4, 1) && poke(top - 5 * PAGE_SIZE, 2));
	EXPECT_EQ(mm->mmap->vm_start, top - 5 * PAGE_SIZE);
	EXPECT_EQ(mm->total_vm, 6);
	/* a program: only near its stack pointer */
	EXPECT_EQ(mm_fault(mm, top - 7 * PAGE_SIZE, PF_USER | PF_WRITE,
			   top - 7 * PAGE_SIZE + 33), FAULT_NO_AREA);
	EXPECT_EQ(mm_fault(mm, top - 7 * PAGE_SIZE, PF_USER | PF_WRITE,
			   top - 7 * PAGE_SIZE + 32), FAULT_MINOR);
	/* 16 pages, and no more */
	EXPECT(poke(top - 15 * PAGE_SIZE, 3));
	EXPECT(!poke(top - 15 * PAGE_SIZE - 4, 3));
	EXPECT_EQ(try(mm, top - 16 * PAGE_SIZE, PF_USER), FAULT_STACK_LIMIT);
	EXPECT(peek(top - 4) == 1 && peek(top - 5 * PAGE_SIZE) == 2);
	space_end(mm);
}

/* --- accessed and dirty --- */

TEST(fault, the_cpu_notes_what_is_used)
{
	struct mm_struct *mm = space_begin();
	u32 *entry;

	REQUIRE(mm && map_pages(mm, USER, 1, RW, MAP_FIXED) == USER);
	EXPECT(poke(USER, 1));
	entry = pt_find(&mm->pgd, USER);
	pt_clear_bits(entry, (u32)(_PAGE_ACCESSED | _PAGE_DIRTY));
	flush_tlb_one(USER);
	EXPECT_EQ(peek(USER), 1);
	EXPECT_EQ(*entry & (_PAGE_ACCESSED | _PAGE_DIRTY), _PAGE_ACCESSED);
	EXPECT(poke(USER, 2));
	EXPECT_EQ(*entry & (_PAGE_ACCESSED | _PAGE_DIRTY),
		  _PAGE_ACCESSED | _PAGE_DIRTY);
	/* and that is kept when rights change */
	EXPECT_EQ(protect_pages(mm, USER, 1, PROT_READ), 0);
	EXPECT_EQ(*entry & (_PAGE_ACCESSED | _PAGE_DIRTY),
		  _PAGE_ACCESSED | _PAGE_DIRTY);
	space_end(mm);
}

/* --- the kernel and user addresses --- */

TEST(fault, bad_pointers_give_an_error)
{
	static u32 bad[] = { 0, 4, USER - 4, USER + PAGE_SIZE, 0xbfffffff,
				   0xc0000000, 0xc0100000, 0xfffffffc,
				   0xffffffff };
	struct mm_struct *mm = space_begin();
	char text[8];
	u32 i, word = 5;

	REQUIRE(mm && map_pages(mm, USER, 1, RW, MAP_FIXED) == USER);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		u32 *p = (u32 *)bad[i];

		EXPECT_EQ(copy_to_user(p, &i, 4), 4);
		EXPECT_EQ(copy_from_user(&word, p, 4), 4);
		EXPECT_EQ(word, 0);
		EXPECT_EQ(clear_user(p, 4), 4);
		EXPECT_EQ(get_user(word, p), -EFAULT);
		EXPECT_EQ(put_user(word, p), -EFAULT);
		EXPECT_EQ(strncpy_from_user(text, (char *)p, 8), -EFAULT);
		EXPECT_EQ(strnlen_user((char *)p, 8), 0);
	}
	EXPECT(access_ok((void *)0, TASK_SIZE));
	EXPECT(!access_ok((void *)1, TASK_SIZE));
	EXPECT(!access_ok((void *)0x1000, 0xfffff000));
	EXPECT_EQ(mm->anon_rss, 0);
	space_end(mm);
}

TEST(fault, copies_stop_where_memory_ends)
{
	static u8 buf[64];
	struct mm_struct *mm = space_begin();
	u32 end = USER + PAGE_SIZE, n, left;

	REQUIRE(mm && map_pages(mm, USER, 1, RW, MAP_FIXED) == USER);
	for (n = 0; n < 20; n++) {
		memset(buf, (int)n + 1, sizeof(buf));
		left = copy_to_user((void *)(end - n), buf, 32);
		/* at worst a part of the last word is not copied */
		EXPECT(left >= 32 - n && left < 32 - n + 4);
		left = copy_from_user(buf, (void *)(end - n), 32);
		EXPECT(left >= 32 - n && left < 32 - n + 4);
		EXPECT(buf[31] == 0 && (n < 4 || buf[0] == n + 1));
		EXPECT_EQ(clear_user((void *)(end - n), 32), 32 - n);
	}
	space_end(mm);
}

TEST(fault, strings)
{
	struct mm_struct *mm = space_begin();
	u32 end = USER + PAGE_SIZE;
	char text[16];

	REQUIRE(mm && map_pages(mm, USER, 1, RW, MAP_FIXED) == USER);
	EXPECT_EQ(copy_to_user((void *)(end - 6), "hello", 6), 0);
	EXPECT_EQ(strncpy_from_user(text, (void *)(end - 6), 16), 5);
	EXPECT_STREQ(text, "hello");
	EXPECT_EQ(strnlen_user((void *)(end - 6), 16), 6);
	EXPECT_EQ(strnlen_user((void *)(end - 6), 3), 4);
	EXPECT_EQ(strncpy_from_user(text, (void *)(end - 6), 3), 3);
	/* without an end before the memory's */
	EXPECT_EQ(copy_to_user((void *)(end - 6), "abcdef", 6), 0);
	EXPECT_EQ(strncpy_from_user(text, (void *)(end - 6), 16), -EFAULT);
	EXPECT_EQ(strnlen_user((void *)(end - 6), 16), 0);
	space_end(mm);
}

TEST(fault, values_of_each_size)
{
	struct mm_struct *mm = space_begin();
	u8 b = 0;
	u16 h = 0;
	u32 w = 0;
	u64 d = 0;

	REQUIRE(mm && map_pages(mm, USER, 2, RW, MAP_FIXED) == USER);
	/* the last one across a border of pages */
	EXPECT_EQ(put_user(0x12, (u8 *)USER), 0);
	EXPECT_EQ(put_user(0x3456, (u16 *)(USER + 2)), 0);
	EXPECT_EQ(put_user(0x789abcde, (u32 *)(USER + 4)), 0);
	EXPECT_EQ(put_user(0x1122334455667788, (u64 *)(USER + 4092)), 0);
	EXPECT(!get_user(b, (u8 *)USER) && b == 0x12);
	EXPECT(!get_user(h, (u16 *)(USER + 2)) && h == 0x3456);
	EXPECT(!get_user(w, (u32 *)(USER + 4)) && w == 0x789abcde);
	EXPECT(!get_user(d, (u64 *)(USER + 4092)) && d == 0x1122334455667788);
	space_end(mm);
}

/* Where it may not sleep only what is there can be reached. */
TEST(fault, nothing_is_brought_in_where_the_cpu_is_kept)
{
	struct mm_struct *mm = space_begin();
	u32 flags;

	REQUIRE(mm && map_pages(mm, USER, 2, RW, MAP_FIXED) == USER);
	EXPECT(poke(USER, 5));
	preempt_disable();
	EXPECT(peek(USER) == 5 && poke(USER, 6));
	EXPECT(!poke(USER + PAGE_SIZE, 6));
	preempt_enable();
	flags = local_irq_save();
	EXPECT(peek(USER) == 6 && !poke(USER + PAGE_SIZE, 6));
	local_irq_restore(flags);
	EXPECT(poke(USER + PAGE_SIZE, 7));
	space_end(mm);
}

TEST(fault, a_thread_without_a_space)
{
	u32 word = 3;

	EXPECT(!current->mm);
	EXPECT(copy_to_user((void *)USER, &word, 4) == 4);
	EXPECT(copy_from_user(&word, (void *)USER, 4) == 4 && !word);
}

/* What is said of a kernel that dies of a user address. */
TEST(fault, reports_know_the_areas)
{
	struct pt_regs regs = { .vector = TRAP_PAGE_FAULT, .cs = __KERNEL_CS };
	struct mm_struct *mm = space_begin();
	char text[200];

	REQUIRE(mm && map_pages(mm, USER, 1, PROT_READ, MAP_FIXED) == USER);
	explain_fault(&regs, USER + 0x1000, text, sizeof(text));
	EXPECT_STREQ(text, "tried to read 40001000, where nothing is mapped: "
		     "a user address, where no area is");
	regs.error_code = PF_PRESENT | PF_WRITE;
	explain_fault(&regs, USER, text, sizeof(text));
	EXPECT_STREQ(text, "tried to write to 40000000, which is read-only: "
		     "a user address, in an area that may not be written");
	space_end(mm);
}

/* --- what an area shows --- */

#define FILE_PAGES 3U

static struct page *file_page[FILE_PAGES];
static u32 opens, closes, dirtied, asked;

static void shown_open(struct vm_area_struct *vma)
{
	opens++;
}

static void shown_close(struct vm_area_struct *vma)
{
	closes++;
}

static void shown_dirtied(struct vm_area_struct *vma, struct page *page)
{
	dirtied++;
}

static struct page *shown_nopage(struct vm_area_struct *vma, u32 address,
				 bool *major)
{
	u32 n = vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT);

	asked++;
	*major = n == 2;
	if (n >= FILE_PAGES)
		return NOPAGE_SIGBUS;
	get_page(file_page[n]);
	lock_page(file_page[n]);
	return file_page[n];
}

static const struct vm_operations_struct shown_ops = {
	.open = shown_open, .close = shown_close, .nopage = shown_nopage,
	.dirtied = shown_dirtied,
};

static int shown_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &shown_ops;
	opens++;
	return 0;
}

static const struct mmap_file shown = {
	.file = (struct file *)1, .mmap = shown_mmap,
	.may = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC,
};

static bool file_begin(void)
{
	u32 i;

	opens = closes = dirtied = asked = 0;
	for (i = 0; i < FILE_PAGES; i++) {
		file_page[i] = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
		if (!EXPECT(file_page[i]))
			return false;
		memcpy_to_page(file_page[i], 0, &(u32){ 100 + i }, 4);
	}
	return true;
}

static u32 file_word(u32 i)
{
	u32 word;

	memcpy_from_page(&word, file_page[i], 0, 4);
	return word;
}

static void file_end(void)
{
	u32 i;

	EXPECT_EQ(opens, closes);
	for (i = 0; i < FILE_PAGES; i++) {
		EXPECT(page_count(file_page[i]) == 1 &&
		       page_mapcount(file_page[i]) == 0);
		__free_page(file_page[i]);
	}
}

static u32 map_file(struct mm_struct *mm, u32 addr, u32 pages, u32 prot,
		    u32 flags, u32 pgoff)
{
	u32 at;

	down_write(&mm->mmap_sem);
	at = do_mmap(mm, &shown, addr, pages << PAGE_SHIFT, prot,
		     flags | MAP_FIXED, pgoff);
	up_write(&mm->mmap_sem);
	return at;
}

TEST(fault, a_shared_file)
{
	struct mm_struct *mm = space_begin();

	REQUIRE(mm && file_begin());
	REQUIRE(map_file(mm, USER, 4, RW, MAP_SHARED, 0) == USER);
	EXPECT(peek(USER) == 100 && peek(USER + PAGE_SIZE) == 101);
	EXPECT(poke(USER + PAGE_SIZE, 7) && file_word(1) == 7);
	EXPECT(mm->file_rss == 2 && mm->anon_rss == 0);
	EXPECT_EQ(mm->maj_faults, 0);
	EXPECT(poke(USER + 2 * PAGE_SIZE, 8) && file_word(2) == 8);
	EXPECT_EQ(mm->maj_faults, 1);
	EXPECT(!poke(USER + 3 * PAGE_SIZE, 9));
	EXPECT_EQ(try(mm, USER + 3 * PAGE_SIZE, PF_USER), FAULT_NO_PAGE);
	space_check(mm);
	EXPECT_EQ(unmap_pages(mm, USER, 4), 0);
	/* 0 was read only */
	EXPECT_EQ(dirtied, 2);
	file_end();
	space_end(mm);
}

/* While the page is fetched another thread answers the same fault: what comes
 * second is thrown away. */
static struct mm_struct *raced;

static struct page *slow_nopage(struct vm_area_struct *vma, u32 address,
				bool *major)
{
	static const struct vm_operations_struct fast = {
		.nopage = shown_nopage,
	};
	const struct vm_operations_struct *slow = vma->vm_ops;

	vma->vm_ops = &fast;
	EXPECT_EQ(handle_mm_fault(raced, vma, address, PF_WRITE), FAULT_MINOR);
	vma->vm_ops = slow;
	EXPECT(page_at(raced, USER) && PageAnon(page_at(raced, USER)));
	return shown_nopage(vma, address, major);
}

static const struct vm_operations_struct slow_ops = { .nopage = slow_nopage };

TEST(fault, two_answers_to_one_fault)
{
	struct mm_struct *mm = space_begin();

	REQUIRE(mm && file_begin());
	raced = mm;
	REQUIRE(map_file(mm, USER, 1, RW, MAP_PRIVATE, 0) == USER);
	mm->mmap->vm_ops = &slow_ops;
	EXPECT_EQ(peek(USER), 100);
	EXPECT(PageAnon(page_at(mm, USER)));
	EXPECT(mm->anon_rss == 1 && mm->file_rss == 0);
	space_check(mm);
	EXPECT_EQ(unmap_pages(mm, USER, 1), 0);
	REQUIRE(map_file(mm, USER, 1, RW, MAP_PRIVATE, 0) == USER);
	mm->mmap->vm_ops = &slow_ops;
	EXPECT(poke(USER, 1) && mm->anon_rss == 1);
	EXPECT_EQ(unmap_pages(mm, USER, 1), 0);
	/* (slow_ops count no areas) */
	closes += 2;
	file_end();
	space_end(mm);
}

TEST(fault, a_private_file)
{
	struct mm_struct *mm = space_begin();

	REQUIRE(mm && file_begin());
	REQUIRE(map_file(mm, USER, 2, RW, MAP_PRIVATE, 1) == USER);
	/* read, then written; and written at once */
	EXPECT_EQ(peek(USER), 101);
	EXPECT(poke(USER + 4, 7) && poke(USER + PAGE_SIZE + 4, 8));
	EXPECT(peek(USER) == 101 && peek(USER + 4) == 7);
	EXPECT(peek(USER + PAGE_SIZE) == 102);
	EXPECT(file_word(1) == 101 && file_word(2) == 102);
	EXPECT(mm->file_rss == 0 && mm->anon_rss == 2);
	EXPECT(PageAnon(page_at(mm, USER)));
	space_check(mm);
	EXPECT_EQ(unmap_pages(mm, USER, 1), 0);
	EXPECT_EQ(dirtied, 0);
	EXPECT_EQ(unmap_pages(mm, USER + PAGE_SIZE, 1), 0);
	file_end();
	space_end(mm);
}

/* --- no memory --- */

/* The n-th page is refused, for each n; nothing of the attempt stays. */
TEST(fault, each_allocation_fails)
{
	struct mm_struct *mm = space_begin();
	enum fault_result result;
	u32 n, tables;

	REQUIRE(mm && map_pages(mm, USER, 1, RW, MAP_FIXED) == USER);
	for (n = 1; n < 20; n++) {
		tables = mm->nr_tables;
		kmem_caches_shrink();
		page_alloc_fail_nth(n);
		result = try(mm, USER, PF_USER | PF_WRITE);
		page_alloc_fail_nth(0);
		if (result == FAULT_MINOR)
			break;
		EXPECT_EQ(result, FAULT_OOM);
		EXPECT(!entry_at(mm, USER) && mm->nr_tables >= tables);
		space_check(mm);
	}
	EXPECT(n > 2 && n < 20);
	test_allow_warnings(n - 1);
	EXPECT(poke(USER, 1) && peek(USER) == 1);
	space_end(mm);
}
