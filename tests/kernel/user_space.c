#include "user_space.h"

struct mm_struct *space_begin(void)
{
	struct mm_struct *mm = mm_alloc();

	if (EXPECT(mm))
		use_mm(mm);
	return mm;
}

static void complain(const char *sentence)
{
	EXPECT_STREQ(sentence, "");
}

void space_check(struct mm_struct *mm)
{
	EXPECT_EQ(mm_check_space(mm, complain), 0);
}

static u32 sentences;

static void count_sentence(const char *sentence)
{
	sentences++;
}

u32 space_differences(struct mm_struct *mm)
{
	u32 n;

	sentences = 0;
	n = mm_check_space(mm, count_sentence);
	EXPECT_EQ(n, sentences);
	return n;
}

void space_end(struct mm_struct *mm)
{
	space_check(mm);
	if (current->mm == mm)
		unuse_mm();
	EXPECT_EQ(atomic_read(&mm->mm_users), 1);
	mmput(mm);
}

u32 map_pages(struct mm_struct *mm, u32 addr, u32 pages, u32 prot, u32 flags)
{
	u32 at;

	down_write(&mm->mmap_sem);
	at = do_mmap(mm, NULL, addr, pages << PAGE_SHIFT, prot,
		     MAP_PRIVATE | MAP_ANONYMOUS | flags, 0);
	up_write(&mm->mmap_sem);
	return at;
}

int unmap_pages(struct mm_struct *mm, u32 addr, u32 pages)
{
	int err;

	down_write(&mm->mmap_sem);
	err = do_munmap(mm, addr, pages << PAGE_SHIFT);
	up_write(&mm->mmap_sem);
	return err;
}

int protect_pages(struct mm_struct *mm, u32 addr, u32 pages, u32 prot)
{
	int err;

	down_write(&mm->mmap_sem);
	err = do_mprotect(mm, addr, pages << PAGE_SHIFT, prot);
	up_write(&mm->mmap_sem);
	return err;
}

u32 move_pages(struct mm_struct *mm, u32 addr, u32 old_pages, u32 new_pages,
	       u32 flags, u32 to)
{
	u32 at;

	down_write(&mm->mmap_sem);
	at = do_mremap(mm, addr, old_pages << PAGE_SHIFT,
		       new_pages << PAGE_SHIFT, flags, to);
	up_write(&mm->mmap_sem);
	return at;
}

u32 peek(u32 addr)
{
	u32 value;

	return copy_from_user(&value, (void *)addr, 4) ? 0 : value;
}

bool poke(u32 addr, u32 value)
{
	return !copy_to_user((void *)addr, &value, 4);
}

pteval_t entry_at(struct mm_struct *mm, u32 addr)
{
	u32 *entry = pt_find(&mm->pgd, addr);

	return entry ? pt_read(&mm->pgd, entry) : 0;
}

struct page *page_at(struct mm_struct *mm, u32 addr)
{
	return pfn_to_page((u32)((entry_at(mm, addr) & PTE_FRAME_MASK) >>
				 PAGE_SHIFT));
}
