/*
 * Page faults on user addresses, and pages that others look for.
 * SDM volume 3A, section 4.7; ULK3 section 9.4.
 */
#ifndef MM_SPACE_FAULT_H
#define MM_SPACE_FAULT_H

#include <kernel/cpu/traps.h>
#include <mm/space/mm.h>

/* What became of a fault. */
enum fault_result {
	FAULT_MINOR,		/* go on */
	FAULT_MAJOR,		/* go on; it took a device */
	FAULT_NO_AREA,		/* SIGSEGV, SEGV_MAPERR: nothing is mapped */
	FAULT_STACK_LIMIT,	/* SIGSEGV, too: below what a stack may have */
	FAULT_PROTECTION,	/* SIGSEGV, SEGV_ACCERR: the area forbids it */
	FAULT_NO_PAGE,		/* SIGBUS: the file ends before */
	FAULT_SWAP,		/* SIGBUS: it cannot be read from swap */
	FAULT_OOM,		/* no memory */
	FAULT_KILLED,		/* somebody has killed the process meanwhile */
};

static inline bool fault_is_good(enum fault_result result)
{
	return result <= FAULT_MAJOR;
}

/* A sentence for the log. */
const char *fault_reason(enum fault_result result);

/*
 * Makes the page of an address accessible, if its area permits it. error: as in
 * a page fault's error code, PF_WRITE and PF_INSTR. May sleep; mmap_sem is held
 * for reading.
 */
enum fault_result fastcall handle_mm_fault(struct mm_struct *mm,
					   struct vm_area_struct *vma,
					   u32 address, u32 error);

/*
 * The same from the address: finds the area, lets a stack grow (as far as
 * user_esp, and a little below; 0: anywhere), looks at rights. Takes mmap_sem.
 */
enum fault_result mm_fault(struct mm_struct *mm, u32 address, u32 error,
			   u32 user_esp);

/*
 * A fault of user mode that did not end well. Registered by kernel/user, called
 * with interrupts on, in the thread that faulted. While there is none, such a
 * fault is the kernel's panic.
 */
extern void (*user_fault_hook)(struct pt_regs *regs, u32 address,
			       enum fault_result result);

/*
 * Entries that are neither empty nor present: mm/reclaim's.
 */
struct swap_hooks {
	/* Without any lock but mmap_sem: brings the page in, sets the entry if
	 * it still is the one it was. May sleep. */
	enum fault_result (*fault)(struct vm_area_struct *vma, u32 address,
				   pteval_t entry, u32 error);
	/* One entry more (false: too many) or less, under page_table_lock. A
	 * page that is of no use any more is the caller's then, or NULL. */
	bool (*copy)(pteval_t entry);
	struct page *(*free)(pteval_t entry);
	/* A page of the swap cache that one entry shows is to be written, under
	 * page_table_lock: is it that entry's alone from now on? It may still
	 * be in the cache then, if no other entry says its slot. */
	bool (*reuse)(struct page *page);
	/* Entries of a page of the swap cache went, and the caller has a user
	 * of it still: if nobody else needs it there, it is out of the cache,
	 * and the caller's alone. No lock is held; does not sleep. */
	void (*unused)(struct page *page);

	/*
	 * Slots of who keeps pages otherwise than by entries: one with a count
	 * of 1 (0: there is none), and back; a page to it or from it, without
	 * memory being asked for (done: from any context, also before this
	 * returns; may sleep); it could not be written; is it to be given back
	 * when it was read? Any context but for slot_io.
	 */
	u32 (*slot_get)(void);
	void (*slot_put)(u32 slot);
	void (*slot_io)(u32 slot, struct page *page, bool write,
			void (*done)(struct page *page, int error));
	void (*slot_is_bad)(u32 slot);
	bool (*slot_wanted_back)(u32 slot);
};

extern struct swap_hooks swap_hooks;

#endif
