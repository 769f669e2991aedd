/*
 * Address spaces: what a process may touch, and what it has. ULK3 chapter 9.
 *
 * An mm_struct is the user part of one address space: areas (vm_area_struct),
 * sorted and without overlap, and page tables that begin empty. It is an
 * instance; tests make their own.
 *
 * Locks, outermost first (see <kernel/lock.h>):
 *
 *	mmap_sem		areas: their list, tree and members. Written by
 *				whoever changes them, read by faults. Sleeps.
 *	page lock		of a file's page: its entries are made under it
 *	i_mmap_lock		areas that show a file. Sleeps.
 *	anon_vma.lock		areas that may have a page (rmap.h)
 *	page_table_lock		entries of user page tables, and the counts of
 *				pages. Of struct pgtable: mm->pgd.lock. Also
 *				held while an area's borders change, so that
 *				who comes by a page (rmap) sees whole areas.
 *
 * Every call here may sleep and is a thread's, unless it says otherwise.
 * Addresses and lengths are bytes. Errors are negative errno values; where an
 * address is returned, IS_ERR_VALUE() tells them apart.
 */
#ifndef MM_SPACE_MM_H
#define MM_SPACE_MM_H

#include <kernel/lib/errno.h>
#include <kernel/lib/gaptree.h>
#include <kernel/sched/mutex.h>
#include <mm/page/page.h>
#include <mm/table/pgtable.h>

#define TASK_SIZE ((u32)PAGE_OFFSET)
/* the reference's: where mmap() begins to look */
#define TASK_UNMAPPED_BASE PAGE_ALIGN(TASK_SIZE / 3)
#define MMAP_MIN_ADDR PAGE_SIZE		/* NULL faults, whoever asks */
#define DEFAULT_MAX_MAP_COUNT 65536U	/* the reference's */

#define IS_ERR_VALUE(x) ((u32)(x) >= (u32)-4095)

/* --- areas --- */

/* The reference's values (2.6.11, include/linux/mm.h). */
#define VM_READ		0x00000001U
#define VM_WRITE	0x00000002U
#define VM_EXEC		0x00000004U
#define VM_SHARED	0x00000008U
#define VM_MAYREAD	0x00000010U	/* what mprotect() may allow */
#define VM_MAYWRITE	0x00000020U
#define VM_MAYEXEC	0x00000040U
#define VM_MAYSHARE	0x00000080U
#define VM_GROWSDOWN	0x00000100U	/* a stack: grows when touched below */
#define VM_LOCKED	0x00002000U
#define VM_IO		0x00004000U	/* no RAM */
#define VM_DONTCOPY	0x00020000U	/* not to a child */
#define VM_DONTEXPAND	0x00040000U	/* mremap() may not */
#define VM_ACCOUNT	0x00100000U	/* counted by overcommit */

#define VM_ACCESS (VM_READ | VM_WRITE | VM_EXEC)

struct mm_struct;
struct vm_area_struct;
struct anon_vma;
struct address_space;
struct file;			/* its owner's: nothing here looks inside */

#define NOPAGE_SIGBUS ((struct page *)NULL)	/* no such page: SIGBUS */
#define NOPAGE_OOM ((struct page *)-1)

/*
 * What an area that shows something knows of it; all but nopage may be NULL.
 * mmap_sem is held, by open and close for writing.
 */
struct vm_operations_struct {
	/* One area more, or less, shows it: copied, split; unmapped. */
	void (*open)(struct vm_area_struct *vma);
	void (*close)(struct vm_area_struct *vma);
	/* The page of an address, locked, with one user more for the caller.
	 * *major: it had to be read. May sleep. */
	struct page *(*nopage)(struct vm_area_struct *vma, u32 address,
			       bool *major);
	/* A page was written through this area. Any context. */
	void (*dirtied)(struct vm_area_struct *vma, struct page *page);
	/* Bytes of the file: beyond its last page is SIGBUS. With vm_mapping,
	 * which needs it. Any context. */
	u64 (*size)(const struct vm_area_struct *vma);
};

struct vm_area_struct {
	struct mm_struct *vm_mm;
	u32 vm_start, vm_end;		/* [vm_start, vm_end), whole pages */
	struct vm_area_struct *vm_next, *vm_prev;
	u32 vm_flags;
	pteval_t vm_page_prot;		/* of an entry, without a frame */

	struct gap_node vm_rb;

	/* Shown: a file, or memory that is shared. NULL: private memory. */
	const struct vm_operations_struct *vm_ops;
	struct file *vm_file;
	void *vm_private_data;
	struct address_space *vm_mapping;	/* whose pages; filemap.h */
	/* Of vm_start, in pages: of the file; for memory vm_start >> 12 when
	 * it was made (mremap() keeps it). */
	u32 vm_pgoff;

	struct list_head shared;	/* among those that show the same file:
					 * address_space.i_mmap */
	struct list_head anon_vma_node;
	struct anon_vma *anon_vma;	/* NULL: no private page yet */
};

/* --- the space --- */

#define RLIM_INFINITY (~0U)

/* Bytes; RLIM_INFINITY: none. */
struct mm_limits {
	u32 as;			/* RLIMIT_AS: all areas */
	u32 stack;		/* RLIMIT_STACK: one VM_GROWSDOWN area */
	u32 data;		/* RLIMIT_DATA: of brk() */
	u32 memlock;		/* RLIMIT_MEMLOCK */
};

#define STACK_LIMIT_DEFAULT (8U << 20)	/* the reference's */

struct mm_struct {
	struct vm_area_struct *mmap;	/* the lowest */
	struct rb_root mm_rb;
	struct vm_area_struct *mmap_cache;	/* found last */
	struct vm_area_struct *highest;
	u32 map_count;
	struct rw_semaphore mmap_sem;
	struct mutex grow_mutex;	/* stacks that grow, under mmap_sem */

	struct pgtable pgd;		/* its lock is the page_table_lock */
	struct pt_copy pgd_copy;
	atomic_t mm_users;		/* tasks, and who looks at it */
	struct list_head mmlist;	/* all there are, under mmlist_lock */

	/* in pages; under mmap_sem */
	u32 total_vm, locked_vm, stack_vm, shared_vm, exec_vm;
	/* under page_table_lock */
	u32 anon_rss, file_rss;		/* pages that entries show */
	u32 swap_entries;
	u32 nr_tables;			/* of all levels, the root not */

	struct mm_limits limit;
	u32 def_flags;			/* of new areas: VM_LOCKED, or 0 */
	/* exec's: where the program has what */
	u32 start_code, end_code, start_data, end_data;
	u32 start_brk, brk, start_stack;
	u32 arg_start, arg_end, env_start, env_end;

	u32 min_faults, maj_faults;
};

extern u32 sysctl_max_map_count;

static inline spinlock_t *page_table_lock(struct mm_struct *mm)
{
	return &mm->pgd.lock;
}

/* --- life of a space (mm/space/mm.c) --- */

/* Boot, behind kmap_init(). */
void mm_space_init(void);

/*
 * A new one, empty but for the kernel's addresses, with one user. NULL: no
 * memory.
 */
struct mm_struct *mm_alloc(void);

/* One user more: who has one already may ask. Any context. */
static inline void mmget(struct mm_struct *mm)
{
	atomic_inc(&mm->mm_users);
}

/* One less; the last one unmaps everything and frees it. mmap_sem is not held.
 * NULL is nothing. */
void mmput(struct mm_struct *mm);

/* The space behind mm on the list of all, with a user more; NULL: the first.
 * The caller's user of mm goes. NULL: there is none. */
struct mm_struct *next_mm(struct mm_struct *mm);

/*
 * The space of a thread, with a user more; NULL: it has none (any more). The
 * thread itself does not go meanwhile. Any context.
 */
struct mm_struct *get_task_mm(const struct task *task);

/* What the space of a thread has, in pages, at one moment; mm is to compare
 * with. False: it has none. As above. */
struct mm_size {
	const struct mm_struct *mm;
	u32 total_vm, rss;
};
bool task_mm_size(const struct task *task, struct mm_size *size);

/* All areas go: for exec, which goes on with the same mm, too. */
void exit_mmap(struct mm_struct *mm);

/*
 * A child's copy of the space of `parent`: areas and page tables, every private
 * page shared until one of both writes. NULL: no memory; nothing has changed.
 * Takes mmap_sem of the parent for writing.
 */
struct mm_struct *dup_mm(struct mm_struct *parent);

/*
 * The thread that calls it has this space from now on (it keeps a user of its
 * own), until unuse_mm() or use_mm() of another: user addresses can be read and
 * written by <mm/space/uaccess.h>. unuse_mm() gives that user up.
 */
void use_mm(struct mm_struct *mm);
void unuse_mm(void);

/* --- areas (mm/space/vma.c); mmap_sem is held, to change it for writing --- */

/* The lowest area that ends above addr: it holds addr, or lies above. NULL. */
struct vm_area_struct *find_vma(struct mm_struct *mm, u32 addr);

/* The same, and the one before it, NULL: none. */
struct vm_area_struct *find_vma_prev(struct mm_struct *mm, u32 addr,
				     struct vm_area_struct **prev);

/* The lowest one that has a page of [start, end). */
static inline struct vm_area_struct *
find_vma_intersection(struct mm_struct *mm, u32 start, u32 end)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	return vma && vma->vm_start < end ? vma : NULL;
}

/* From VM_ flags to an entry: state table in mm/space/vma.c. */
pteval_t vm_get_page_prot(u32 vm_flags);

/*
 * Bottom up from `from`: the lowest free range of len bytes, or an error:
 * -ENOMEM.
 */
u32 find_free_range(struct mm_struct *mm, u32 len, u32 from);

/* --- mapping (mm/space/mmap.c); mmap_sem is held for writing --- */

/* Linux's values, i386. */
#define PROT_NONE	0x0U
#define PROT_READ	0x1U
#define PROT_WRITE	0x2U
#define PROT_EXEC	0x4U
#define PROT_GROWSDOWN	0x01000000U

#define MAP_SHARED	0x01U
#define MAP_PRIVATE	0x02U
#define MAP_TYPE	0x0fU
#define MAP_FIXED	0x10U
#define MAP_ANONYMOUS	0x20U
#define MAP_GROWSDOWN	0x0100U
#define MAP_LOCKED	0x2000U
#define MAP_NORESERVE	0x4000U

#define MREMAP_MAYMOVE	1U
#define MREMAP_FIXED	2U

/*
 * What a mapping shows. The file's own mmap is called with the new area before
 * it is inserted: it sets vm_ops and vm_private_data, or gives an error.
 */
struct mmap_file {
	struct file *file;
	u32 may;		/* VM_MAY*: what the file was opened for */
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
};

/*
 * mmap(): where it is mapped, or an error:
 *	-EINVAL		no length, a bad combination of flags, MAP_FIXED at no
 *			page
 *	-ENOMEM		no addresses, no memory, a limit, too many areas
 *	-EACCES		the file was not opened for that
 *	-EPERM		MAP_FIXED below MMAP_MIN_ADDR
 *	-EAGAIN		more locked than RLIMIT_MEMLOCK
 *	-EOVERFLOW	beyond what a page offset can say
 * what: NULL with MAP_ANONYMOUS. Shared memory without a file is promised as a
 * whole, MAP_NORESERVE or not (filemap.h).
 */
u32 do_mmap(struct mm_struct *mm, const struct mmap_file *what, u32 addr,
	    u32 len, u32 prot, u32 flags, u32 pgoff);

/*
 * munmap(): whatever is mapped in [addr, addr + len). -EINVAL: addr is no
 * page's, or the range is not a user's; -ENOMEM: no memory for an area that
 * must be split.
 */
int do_munmap(struct mm_struct *mm, u32 addr, u32 len);

/*
 * mprotect(). -EINVAL, -ENOMEM (not all of it is mapped, too; what comes before
 * the hole is changed), -EACCES: what VM_MAY* forbids.
 */
int do_mprotect(struct mm_struct *mm, u32 addr, u32 len, u32 prot);

/*
 * mremap(): where it is now, or an error: -EINVAL, -EFAULT (not one area),
 * -ENOMEM, -EAGAIN.
 */
u32 do_mremap(struct mm_struct *mm, u32 addr, u32 old_len, u32 new_len,
	      u32 flags, u32 new_addr);

/* brk(): the new end, or the old one if that cannot be had. Takes mmap_sem. */
u32 mm_brk(struct mm_struct *mm, u32 brk);

/* --- locked memory (mm/space/mlock.c); all take mmap_sem --- */

#define MCL_CURRENT 1U
#define MCL_FUTURE 2U

/*
 * mlock(), munlock(): -EINVAL: the range wraps; -EPERM: nothing may be locked;
 * -ENOMEM: more than RLIMIT_MEMLOCK, or not all of it is mapped (what comes
 * before the hole is locked), or a page that nobody may touch; -EAGAIN: no
 * memory for a page.
 */
int do_mlock(struct mm_struct *mm, u32 addr, u32 len, bool lock);
int do_mlockall(struct mm_struct *mm, u32 flags);
int do_munlockall(struct mm_struct *mm);

/* Pages of locked areas in the range come in; errors as above. For who has made
 * an area with VM_LOCKED, when mmap_sem is free again. */
int mm_populate(struct mm_struct *mm, u32 addr, u32 len);

/* --- advice (mm/space/madvise.c, msync.c); both take mmap_sem --- */

#define MADV_NORMAL 0U
#define MADV_RANDOM 1U
#define MADV_SEQUENTIAL 2U
#define MADV_WILLNEED 3U
#define MADV_DONTNEED 4U
#define MADV_DONTFORK 10U
#define MADV_DOFORK 11U

#define MS_ASYNC 1U
#define MS_INVALIDATE 2U
#define MS_SYNC 4U

/* -EINVAL: a strange range or advice, or memory that cannot be so; -ENOMEM: not
 * all of it is mapped, what is has been done; or no memory for a split. */
int do_madvise(struct mm_struct *mm, u32 addr, u32 len, u32 advice);

/*
 * What was written through shared areas is known to the file behind it;
 * MS_SYNC: and written out. -EINVAL; -ENOMEM: not all of it is mapped, what is
 * has been done; -EBUSY: MS_INVALIDATE of locked memory; -EIO, -ENOSPC.
 */
int do_msync(struct mm_struct *mm, u32 addr, u32 len, u32 flags);

/*
 * For mincore(): is it in memory, for each of n pages from addr on? Pages of a
 * file: in the cache. mmap_sem is held. How many are answered: less than n
 * where the area of addr ends; 0: there is none.
 */
u32 mincore_pages(struct mm_struct *mm, u32 addr, u32 n, u8 *there);

/* A VM_GROWSDOWN area reaches down to addr from now on; mmap_sem is held for
 * reading. -ENOMEM: a limit, something else is there, no memory. */
int expand_stack(struct vm_area_struct *vma, u32 addr);

/* --- what is promised altogether (mm/space/overcommit.c) --- */

/*
 * mode	a mapping is refused
 * 0	if it alone is more than could be had now
 * 1	never
 * 2	if all that is promised is more than swap and a share of RAM
 */
enum { OVERCOMMIT_GUESS, OVERCOMMIT_ALWAYS, OVERCOMMIT_NEVER };

struct overcommit {
	int mode;
	u32 ratio;		/* percent of RAM, mode 2 */
	atomic_t committed;	/* pages that are promised */
	/* pages of swap, all and free; pages that only cache something: from
	 * the layers that know. NULL: none. */
	u32 (*total_swap)(void);
	u32 (*free_swap)(void);
	u32 (*cache_pages)(void);
};

extern struct overcommit overcommit;

/* Promises so many pages: 0, or -ENOMEM. Any context. */
int vm_enough_memory(struct mm_struct *mm, u32 pages);
void vm_unacct_memory(u32 pages);
u32 vm_commit_limit(void);		/* pages, of mode 2 */

/* --- looking (mm/space/check.c) --- */

/*
 * Recomputes what an mm says of itself: order, tree, gaps, counts, every entry
 * against its area and its page. Takes mmap_sem for reading. How many
 * differences, each told to report.
 */
u32 mm_check_space(struct mm_struct *mm, void (*report)(const char *sentence));

#endif
