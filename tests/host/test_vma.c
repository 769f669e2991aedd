/*
 * Areas of an address space against a shadow: an array with one element a page,
 * that says what is mapped there, with which rights, and what it holds. Random
 * operations of all kinds, also with the n-th allocation failing; after each
 * one the areas must say what the shadow says.
 *
 * Page tables are a model: one element a page, too. STEPS in the environment
 * changes how many operations there are.
 */
#include "objects.h"
#include <mm/page/page_alloc.h>
#include <mm/space/filemap.h>
#include <mm/space/internal.h>

#define WINDOW 400U		/* pages from TASK_UNMAPPED_BASE on */
#define LONGEST 24U
#define BASE TASK_UNMAPPED_BASE
#define PAGES (TASK_SIZE >> PAGE_SHIFT)

/* --- what mm/space needs of the kernel --- */

void init_rwsem(struct rw_semaphore *sem, const char *name)
{
	memset(sem, 0, sizeof(*sem));
}

void mutex_init(struct mutex *mutex, const char *name)
{
	memset(mutex, 0, sizeof(*mutex));
}

void mutex_lock(struct mutex *mutex)
{
	MUST(!mutex->name && !host_locks_held);
	mutex->name = "held";
}

void mutex_unlock(struct mutex *mutex)
{
	MUST(mutex->name);
	mutex->name = NULL;
}

void down_write(struct rw_semaphore *sem)
{
	MUST(!sem->word);
	sem->word = RW_WRITER;
}

void up_write(struct rw_semaphore *sem)
{
	MUST(sem->word == RW_WRITER);
	sem->word = 0;
}

/* --- entries: a model; what is shown is a number --- */

struct entry {
	u32 page;		/* 0: none */
	pteval_t prot;
};

static struct entry entry[PAGES];
static u32 tables_left = ~0U;	/* entries that can be moved */

u32 *fastcall pt_find(const struct pgtable *pt, u32 va)
{
	MUST(0);
	return NULL;
}

void unmap_areas(struct mm_struct *mm, struct vm_area_struct *first, u32 floor,
		 u32 ceiling)
{
	struct vm_area_struct *vma;
	u32 at = floor;

	MUST(!host_locks_held);
	for (vma = first; vma; vma = vma->vm_next) {
		MUST(vma->vm_start >= at && vma->vm_end <= ceiling);
		for (at = vma->vm_start; at < vma->vm_end; at += PAGE_SIZE)
			entry[at >> PAGE_SHIFT].page = 0;
	}
	/* nobody else is left where tables may go */
	for (vma = mm->mmap; vma; vma = vma->vm_next)
		MUST(vma->vm_end <= floor || vma->vm_start >= ceiling);
}

void change_protection(struct vm_area_struct *vma, u32 start, u32 end)
{
	MUST(!host_locks_held);
	MUST(vma->vm_start <= start && end <= vma->vm_end);
	for (; start < end; start += PAGE_SIZE)
		entry[start >> PAGE_SHIFT].prot = vma->vm_page_prot;
}

u32 move_page_tables(struct vm_area_struct *vma, u32 from,
		     struct vm_area_struct *new, u32 to, u32 len)
{
	u32 done;

	MUST(vma->anon_vma == new->anon_vma);
	for (done = 0; done < len && tables_left; done += PAGE_SIZE) {
		struct entry *a = &entry[(from + done) >> PAGE_SHIFT];
		struct entry *b = &entry[(to + done) >> PAGE_SHIFT];

		MUST(!b->page);
		*b = *a;
		a->page = 0;
		tables_left--;
	}
	/* on the way back there is no end of them */
	if (done < len)
		tables_left = ~0U;
	return done;
}

/* --- the shadow --- */

struct shown {
	bool mapped;
	u32 flags;		/* VM_ without VM_ACCOUNT */
	bool account;
	int file;		/* 0: memory */
	u32 offset;		/* pages in the file */
	u32 page;		/* what it holds; 0: nothing yet */
};

static struct shown shadow[PAGES];
static struct mm_struct *mm;
static u32 steps, last_page;
static s32 file_areas;		/* opened less closed */
static struct address_space mapping = {
	.i_mmap = LIST_HEAD_INIT(mapping.i_mmap),
};

static struct shown *at(u32 addr)
{
	return &shadow[addr >> PAGE_SHIFT];
}

static void say(const char *sentence)
{
	fprintf(stderr, "%s\n", sentence);
}

static u32 accounted(void)
{
	return (u32)atomic_read(&overcommit.committed);
}

static void same_page(const struct vm_area_struct *vma, u32 addr)
{
	const struct shown *s = at(addr);
	const struct entry *e = &entry[addr >> PAGE_SHIFT];
	u32 n = (addr - vma->vm_start) >> PAGE_SHIFT;

	MUST(s->mapped);
	MUST((vma->vm_flags & ~VM_ACCOUNT) == s->flags);
	MUST(!(vma->vm_flags & VM_ACCOUNT) == !s->account);
	MUST(e->page == s->page);
	if (e->page)
		MUST(e->prot == vma->vm_page_prot);
	MUST((u32)(uintptr_t)vma->vm_file == (u32)s->file);
	if (s->file)
		MUST(vma->vm_pgoff + n == s->offset);
}

/* What the space says is what the shadow says, and neighbours that are alike
 * are one. */
static void same(void)
{
	const struct vm_area_struct *vma;
	u32 addr = 0, promised = 0;
	s32 files = 0;

	MUST(!check_areas(mm, say));
	for (vma = mm->mmap; vma; vma = vma->vm_next) {
		for (; addr < vma->vm_start; addr += PAGE_SIZE)
			MUST(!at(addr)->mapped && !entry[addr >> 12].page);
		for (; addr < vma->vm_end; addr += PAGE_SIZE) {
			same_page(vma, addr);
			promised += at(addr)->account;
		}
		files += vma->vm_file != NULL;
	}
	for (; addr < TASK_SIZE; addr += PAGE_SIZE)
		MUST(!at(addr)->mapped);
	MUST(accounted() == promised);
	MUST(files == file_areas);
	list_for_each_entry(vma, &mapping.i_mmap, shared)
		files--;
	MUST(!files);
}

/* --- files --- */

static void file_open(struct vm_area_struct *vma)
{
	file_areas++;
}

static void file_close(struct vm_area_struct *vma)
{
	file_areas--;
}

static const struct vm_operations_struct file_ops = {
	.open = file_open, .close = file_close,
};

static int file_error;

static int file_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (file_error)
		return file_error;
	vma->vm_ops = &file_ops;
	vma->vm_mapping = &mapping;
	file_areas++;
	return 0;
}

/* Nobody maps any here. */
int map_shared_memory(struct vm_area_struct *vma)
{
	MUST(0);
	return 0;
}

/* --- operations --- */

static u32 random_page(void)
{
	return BASE + (host_below(WINDOW) << PAGE_SHIFT);
}

static u32 random_len(void)
{
	return (1 + host_below(LONGEST)) << PAGE_SHIFT;
}

static u32 random_rights(void)
{
	return host_below(8);
}

static bool is_free(u32 addr, u32 len)
{
	u32 i;

	if (len > TASK_SIZE || addr > TASK_SIZE - len)
		return false;
	for (i = 0; i < len; i += PAGE_SIZE)
		if (at(addr + i)->mapped)
			return false;
	return true;
}

static u32 lowest_free(u32 len)
{
	u32 addr;

	for (addr = BASE; addr <= TASK_SIZE - len; addr += PAGE_SIZE)
		if (is_free(addr, len))
			return addr;
	return (u32)-ENOMEM;
}

static void forget(u32 addr, u32 len)
{
	memset(at(addr), 0, (len >> PAGE_SHIFT) * sizeof(*shadow));
}

static void map_shadow(u32 addr, u32 len, u32 flags, int file, u32 pgoff)
{
	u32 i, may = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;

	if (flags & VM_SHARED)
		may |= VM_MAYSHARE;
	forget(addr, len);
	for (i = 0; i < len; i += PAGE_SIZE)
		*at(addr + i) = (struct shown){
			.mapped = true, .flags = flags | may, .file = file,
			.account = (flags & (VM_SHARED | VM_WRITE)) == VM_WRITE,
			.offset = file ? pgoff + (i >> PAGE_SHIFT) : 0,
		};
}

static void op_mmap(void)
{
	struct mmap_file what = {
		.file = (struct file *)(uintptr_t)(1 + host_below(2)),
		.may = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC,
		.mmap = file_mmap,
	};
	u32 addr = host_below(3) ? random_page() : 0, len = random_len();
	u32 rights = random_rights(), pgoff = host_below(64), want, got;
	bool file = !host_below(3), shared = file && host_below(2);
	u32 flags = shared ? MAP_SHARED : MAP_PRIVATE;

	if (!file)
		flags |= MAP_ANONYMOUS;
	if (addr && host_below(2))
		flags |= MAP_FIXED;
	if (!host_below(8))
		rights = VM_READ | VM_WRITE;
	/* often right behind what is there */
	want = addr;
	if (!(flags & MAP_FIXED) && (!addr || !is_free(addr, len)))
		want = lowest_free(len);
	got = do_mmap(mm, &what, addr, len, rights, flags, pgoff);
	if (got == (u32)-ENOMEM) {
		/* what was in the way is gone */
		if (flags & MAP_FIXED && !find_vma_intersection(mm, addr,
								addr + len))
			forget(addr, len);
		return;
	}
	MUST(got == want);
	map_shadow(got, len, rights | (shared ? VM_SHARED : 0),
		   file ? (int)(uintptr_t)what.file : 0, pgoff);
}

static void op_munmap(void)
{
	u32 addr = random_page(), len = random_len() - host_below(PAGE_SIZE);

	if (!do_munmap(mm, addr, len))
		forget(addr, PAGE_ALIGN(len));
}

/* What comes before a hole, or before what fails, is changed. */
static void op_mprotect(void)
{
	u32 addr = random_page(), len = random_len(), rights = random_rights();
	const struct vm_area_struct *vma;
	int err = do_mprotect(mm, addr, len, rights);
	u32 i;

	for (i = 0; i < len; i += PAGE_SIZE) {
		struct shown *s = at(addr + i);

		if (!s->mapped) {
			MUST(err == -ENOMEM);
			return;
		}
		vma = find_vma(mm, addr + i);
		if (err && (vma->vm_flags & VM_ACCESS) != rights)
			return;
		s->flags = (s->flags & ~VM_ACCESS) | rights;
		if (rights & VM_WRITE && !(s->flags & VM_SHARED))
			s->account = true;
	}
	MUST(!err);
}

/* Is [addr, addr + len) part of one area, as the shadow sees it? The offset of
 * memory is not in the shadow, so the space itself is asked. */
static bool is_one_area(u32 addr, u32 len)
{
	const struct vm_area_struct *vma = find_vma(mm, addr);

	return vma && vma->vm_start <= addr && vma->vm_end - addr >= len;
}

static void move_shadow(u32 from, u32 to, u32 old_len, u32 new_len)
{
	u32 n = old_len >> PAGE_SHIFT, i;
	struct shown saved[LONGEST];

	memcpy(saved, at(from), n * sizeof(*saved));
	forget(from, old_len);
	memcpy(at(to), saved, n * sizeof(*saved));
	for (i = n; i < new_len >> PAGE_SHIFT; i++) {
		struct shown *s = at(to + (i << PAGE_SHIFT));

		*s = saved[n - 1];
		s->page = 0;
		s->offset = s->file ? saved[n - 1].offset + i - n + 1 : 0;
	}
}

static void op_mremap(void)
{
	u32 addr = random_page(), old_len = random_len(), to = random_page();
	u32 new_len = host_below(4) ? random_len() : old_len, flags = 0, got;
	bool apart = to + new_len <= addr || addr + old_len <= to, one;

	if (host_below(3))
		flags |= MREMAP_MAYMOVE;
	if (flags && host_below(2))
		flags |= MREMAP_FIXED;
	/* (only the part that stays must be one area) */
	one = is_one_area(addr, min(old_len, new_len));
	tables_left = host_below(6) ? ~0U : host_below(LONGEST);
	got = do_mremap(mm, addr, old_len, new_len, flags, to);
	tables_left = ~0U;
	if (flags & MREMAP_FIXED && !apart) {
		MUST(got == (u32)-EINVAL);
		return;
	}
	if (flags & MREMAP_FIXED &&
	    !find_vma_intersection(mm, to, to + new_len))
		forget(to, new_len);
	if (old_len > new_len && !find_vma_intersection(mm, addr + new_len,
							addr + old_len))
		forget(addr + new_len, old_len - new_len);
	if (IS_ERR_VALUE(got)) {
		MUST(one || got == (u32)-EFAULT || got == (u32)-ENOMEM);
		return;
	}
	MUST(one);
	old_len = min(old_len, new_len);
	if (flags & MREMAP_FIXED)
		MUST(got == to);
	else if (got != addr)
		MUST(new_len > old_len && got == lowest_free(new_len));
	if (got != addr || new_len > old_len)
		move_shadow(addr, got, old_len, new_len);
}

/* A page comes, as by a fault. */
static void op_touch(void)
{
	u32 addr = random_page();
	struct vm_area_struct *vma = find_vma(mm, addr);

	if (!at(addr)->mapped) {
		MUST(!vma || vma->vm_start > addr);
		return;
	}
	MUST(vma->vm_start <= addr);
	if (at(addr)->page || (!(vma->vm_flags & VM_SHARED) &&
			       anon_vma_prepare(vma)))
		return;
	at(addr)->page = ++last_page;
	entry[addr >> PAGE_SHIFT] = (struct entry){
		.page = last_page, .prot = vma->vm_page_prot,
	};
}

static void op_brk(void)
{
	u32 old = mm->brk, new = mm->start_brk + host_below(64 * PAGE_SIZE);
	u32 a = PAGE_ALIGN(old), b = PAGE_ALIGN(new);
	u32 got = mm_brk(mm, new);

	MUST(got == new || got == old);
	if (got == old)
		return;
	if (b > a)
		map_shadow(a, b - a, VM_READ | VM_WRITE | VM_EXEC, 0, 0);
	else if (b < a)
		forget(b, a - b);
}

static void op_expand(void)
{
	u32 addr = random_page();
	struct vm_area_struct *vma = find_vma(mm, addr);
	struct shown like;
	u32 start, i;

	if (!vma || vma->vm_start <= addr || vma->vm_file)
		return;
	start = vma->vm_start;
	like = *at(start);
	like.page = 0;
	if (expand_stack(vma, addr))
		return;
	MUST(!vma->vm_prev || vma->vm_prev->vm_end + PAGE_SIZE <= addr);
	for (i = addr; i < start; i += PAGE_SIZE)
		*at(i) = like;
}

static void random_op(void)
{
	static void (*const ops[])(void) = {
		op_mmap, op_mmap, op_mmap, op_munmap, op_munmap, op_mprotect,
		op_mprotect, op_mremap, op_mremap, op_touch, op_touch,
		op_touch, op_brk, op_expand,
	};
	bool fails = !host_below(10);

	/* the objects that caches keep would not ask */
	if (fails) {
		kmem_caches_shrink();
		page_alloc_fail_nth(1 + host_below(3));
	}
	file_error = host_below(20) ? 0 : -ENOMEM;
	ops[host_below(ARRAY_SIZE(ops))]();
	page_alloc_fail_nth(0);
}

/* --- the cases --- */

static void begin(void)
{
	vma_init();
	rmap_init();
	/* (locks that no handler takes are taken with interrupts on) */
	host_eflags = 0;
	mm = calloc(1, sizeof(*mm));
	MUST(mm);
	mm_init_areas(mm);
	mm->start_brk = mm->brk = BASE + WINDOW * PAGE_SIZE + 123;
	overcommit.mode = OVERCOMMIT_ALWAYS;
}

static void end(void)
{
	exit_mmap(mm);
	memset(shadow, 0, sizeof(shadow));
	same();
	MUST(!mm->mmap && !mm->total_vm && !mm->highest && !accounted());
	free(mm);
	host_eflags = EFLAGS_IF;
	host_check_objects();
}

static void random_operations(const void *unused)
{
	u32 i;

	host_boot_objects(16, 1, 0);
	begin();
	for (i = 0; i < steps; i++) {
		random_op();
		if (!(i % 8))
			same();
	}
	end();
}

static void test_random(void **state)
{
	steps = host_env("STEPS", 60000);
	host_seed("random operations on areas");
	host_in_child(random_operations, NULL, "random operations");
}

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static u32 map(u32 addr, u32 pages, u32 rights, u32 flags)
{
	return do_mmap(mm, NULL, addr, pages << PAGE_SHIFT, rights,
		       ANON | flags, 0);
}

/* Each way in which a hole can be closed; nothing is allocated for it. */
static void merging(const void *unused)
{
	const struct vm_area_struct *vma;
	u32 a = BASE + 0x100000;

	host_boot_objects(16, 1, 0);
	begin();
	MUST(map(a, 1, RW, MAP_FIXED) == a);
	MUST(map(a + 0x2000, 1, RW, MAP_FIXED) == a + 0x2000);
	MUST(mm->map_count == 2);
	kmem_caches_shrink();
	page_alloc_fail_nth(1);
	MUST(map(a + 0x1000, 1, RW, MAP_FIXED) == a + 0x1000);
	MUST(map(a + 0x3000, 1, RW, MAP_FIXED) == a + 0x3000);
	MUST(map(a - 0x1000, 1, RW, MAP_FIXED) == a - 0x1000);
	page_alloc_fail_nth(0);
	vma = mm->mmap;
	MUST(mm->map_count == 1 && vma->vm_start == a - 0x1000 &&
	     vma->vm_end == a + 0x4000);
	MUST(!do_mprotect(mm, a + 0x1000, 0x1000, PROT_READ));
	MUST(mm->map_count == 3);
	MUST(!do_mprotect(mm, a + 0x1000, 0x1000, RW));
	/* a promise stays, so they are alike again */
	MUST(mm->map_count == 1);
	MUST(!do_munmap(mm, a, 0x1000));
	MUST(mm->map_count == 2 && mm->total_vm == 4);
	MUST(!check_areas(mm, say));
	end();
}

static void test_merging(void **state)
{
	host_in_child(merging, NULL, "merging");
}

static void refusals(const void *unused)
{
	u32 a = BASE;

	host_boot_objects(16, 1, 0);
	begin();
	MUST(map(a, 0, RW, 0) == (u32)-EINVAL);
	MUST(do_mmap(mm, NULL, 0, 0xfffff001, RW, ANON, 0) == (u32)-ENOMEM);
	MUST(do_mmap(mm, NULL, 0, TASK_SIZE + 1, RW, ANON, 0) == (u32)-ENOMEM);
	MUST(do_mmap(mm, NULL, 0, 1, RW, MAP_ANONYMOUS, 0) == (u32)-EINVAL);
	MUST(do_mmap(mm, NULL, 0, 1, RW, MAP_PRIVATE, 0) == (u32)-EINVAL);
	MUST(map(a + 1, 1, RW, MAP_FIXED) == (u32)-EINVAL);
	MUST(map(0, 1, RW, MAP_FIXED) == (u32)-EPERM);
	MUST(map(TASK_SIZE - 0x1000, 2, RW, MAP_FIXED) == (u32)-ENOMEM);
	MUST(map(TASK_SIZE - 0x1000, 1, RW, MAP_FIXED) == TASK_SIZE - 0x1000);
	MUST(do_munmap(mm, a + 1, 1) == -EINVAL);
	MUST(do_munmap(mm, a, 0) == -EINVAL);
	MUST(do_munmap(mm, TASK_SIZE - 0x1000, 0x1001) == -EINVAL);
	MUST(do_mprotect(mm, a, 0x1000, 8) == -EINVAL);
	MUST(do_mprotect(mm, a, 0x1000, RW) == -ENOMEM);
	MUST(do_mremap(mm, a, 0x1000, 0, 0, 0) == (u32)-EINVAL);
	MUST(do_mremap(mm, a, 0x1000, 0x2000, 0, 0) == (u32)-EFAULT);
	/* from its base on all is taken but one page */
	MUST(do_mmap(mm, NULL, 0, TASK_SIZE - BASE - 0x2000, 0, ANON, 0) == a);
	MUST(map(0, 2, RW, 0) == (u32)-ENOMEM);
	MUST(map(0, 1, RW, 0) == TASK_SIZE - 0x2000);
	MUST(map(0, 1, RW, 0) == (u32)-ENOMEM);
	MUST(!check_areas(mm, say));
	end();
}

static void test_refusals(void **state)
{
	host_in_child(refusals, NULL, "refusals");
}

static void limits(const void *unused)
{
	struct vm_area_struct *vma;
	u32 a = BASE + 0x400000;

	host_boot_objects(16, 1, 0);
	begin();
	mm->limit.as = 10 << PAGE_SHIFT;
	MUST(map(a, 10, RW, MAP_FIXED) == a);
	MUST(map(0, 1, RW, 0) == (u32)-ENOMEM);
	/* what is replaced does not count */
	MUST(map(a, 10, PROT_READ, MAP_FIXED) == a);
	MUST(do_mremap(mm, a, 0xa000, 0xb000, MREMAP_MAYMOVE, 0) ==
	     (u32)-ENOMEM);
	mm->limit.as = RLIM_INFINITY;
	mm->limit.memlock = 2 << PAGE_SHIFT;
	MUST(map(0, 3, RW, MAP_LOCKED) == (u32)-EAGAIN);
	MUST(map(0, 2, RW, MAP_LOCKED) == BASE);
	MUST(mm->locked_vm == 2);
	/* a stack of 4 pages at most, with a page free below it */
	mm->limit.stack = 4 << PAGE_SHIFT;
	MUST(map(a + 0x20000, 1, RW, MAP_FIXED | MAP_GROWSDOWN) == a + 0x20000);
	vma = find_vma(mm, a + 0x20000);
	MUST(!expand_stack(vma, a + 0x1e123));
	MUST(vma->vm_start == a + 0x1e000 && mm->stack_vm == 3);
	MUST(expand_stack(vma, a + 0x1c000) == -ENOMEM);
	MUST(map(a + 0x1c000, 1, RW, MAP_FIXED) == a + 0x1c000);
	MUST(expand_stack(vma, a + 0x1d000) == -ENOMEM);
	MUST(!do_munmap(mm, a + 0x1c000, 0x1000));
	MUST(!expand_stack(vma, a + 0x1d000));
	sysctl_max_map_count = (u32)mm->map_count;
	MUST(map(0, 1, PROT_READ, 0) == (u32)-ENOMEM);
	MUST(do_munmap(mm, a + 0x1000, 0x1000) == -ENOMEM);
	sysctl_max_map_count = DEFAULT_MAX_MAP_COUNT;
	MUST(!check_areas(mm, say));
	end();
}

static void test_limits(void **state)
{
	host_in_child(limits, NULL, "limits");
}

static u32 swap_pages(void)
{
	return 1000;
}

static void promises(const void *unused)
{
	u32 limit;

	host_boot_objects(16, 1, 0);
	begin();
	overcommit.mode = OVERCOMMIT_GUESS;
	MUST(map(0, totalram_pages, RW, 0) == (u32)-ENOMEM);
	MUST(map(0, totalram_pages, PROT_READ, 0) == BASE);
	MUST(map(0, totalram_pages, RW, MAP_NORESERVE) < TASK_SIZE);
	MUST(!accounted());
	/* three halves, one after the other: each could be had */
	MUST(map(0, totalram_pages / 2, RW, 0) < TASK_SIZE);
	MUST(map(0, totalram_pages / 2, RW | PROT_EXEC, 0) < TASK_SIZE);
	MUST(map(0, totalram_pages / 2, RW, 0) < TASK_SIZE);
	MUST(accounted() == totalram_pages / 2 * 3);
	exit_mmap(mm);
	MUST(!accounted());
	overcommit.mode = OVERCOMMIT_NEVER;
	overcommit.total_swap = swap_pages;
	limit = vm_commit_limit();
	MUST(limit == totalram_pages / 2 + 1000 ||
	     limit == totalram_pages / 2 + 999);
	limit -= limit / 32;
	MUST(map(0, limit, RW, 0) == (u32)-ENOMEM);
	MUST(map(0, limit - 1, RW, MAP_NORESERVE) == BASE);
	MUST(map(0, 1, RW, 0) == (u32)-ENOMEM);
	MUST(map(0, 1, PROT_READ, 0) < TASK_SIZE);
	MUST(accounted() == limit - 1);
	/* nor by way of mprotect() */
	MUST(do_mprotect(mm, mm->highest->vm_start, 0x1000, RW) == -ENOMEM);
	MUST(accounted() == limit - 1 && !check_areas(mm, say));
	end();
}

static void test_promises(void **state)
{
	host_in_child(promises, NULL, "promises");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_merging),
		HOST_TEST(test_refusals),
		HOST_TEST(test_limits),
		HOST_TEST(test_promises),
		HOST_TEST(test_random),
	};

	return cmocka_run_group_tests_name("vma", tests, NULL, NULL);
}
