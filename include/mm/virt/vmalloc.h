/*
 * vmalloc: memory that is in one piece for the kernel's eyes only, and windows
 * on physical addresses. ULK3 section 8.3.
 *
 * All of this may sleep where the page allocator may (GFP_KERNEL but for
 * __vmalloc()), takes pt->lock, zone->lock and the space's lock one after the
 * other, and flushes the TLB now and then: not from an interrupt handler, and
 * not with a lock held. vmalloc_to_page() and is_vmalloc_addr(): any context.
 *
 * Behind each area a page stays unmapped: what runs off the end faults.
 *
 * Failure is NULL, and nothing is left behind but perhaps page tables, which
 * stay for good once made. No addresses, or a size that is more than all of
 * RAM: one line of complaint, unless __GFP_NOWARN; no pages: the page
 * allocator's own.
 */
#ifndef MM_VIRT_VMALLOC_H
#define MM_VIRT_VMALLOC_H

#include <mm/page/page_alloc.h>
#include <mm/table/pgtable.h>
#include <mm/virt/vmap_area.h>

/* What an area is for: one of the first three. The reference's values. */
#define VM_IOREMAP	0x01	/* ioremap() */
#define VM_ALLOC	0x02	/* vmalloc() */
#define VM_MAP		0x04	/* vmap(), get_vm_area() */
#define VM_VPAGES	0x10	/* its page array is vmalloc's, too */

struct vm_struct {
	struct vmap_area area;
	void *addr;
	u32 size;		/* with the guard page */
	u32 flags;
	struct page **pages;	/* VM_ALLOC: nr_pages of them */
	u32 nr_pages;
	phys_addr_t phys_addr;	/* VM_IOREMAP: what addr shows */
	const void *caller;	/* who asked: the address behind the call */
	struct page *own[];	/* the page array, if it is a small one */
};

/* Once, in boot, when there is kmalloc(). */
void vmalloc_init(void);

/* size bytes, rounded up to pages; 0 is failure. Pages of high memory first. */
void *vmalloc(u32 size);
void *vzalloc(u32 size);		/* zeroed */
void *vmalloc_32(u32 size);		/* of lowmem: devices reach it */

/* gfp: for the pages, and (less its zone) for what describes them. */
void *__vmalloc(u32 size, gfp_t gfp, pteval_t prot);

/*
 * NULL: nothing happens. What vmalloc() did not give, or was freed before, is
 * reported in one sentence, and nothing else happens.
 */
void vfree(const void *addr);

/* Shows count pages one behind the other. They stay their owner's: each must
 * have a user until vunmap(). flags: VM_MAP. */
void *vmap(struct page **pages, u32 count, u32 flags, pteval_t prot);
void vunmap(const void *addr);		/* as vfree() */

/*
 * Shows [phys, phys + size), which may begin anywhere in a page; the pointer
 * has the same offset. Large pages where addresses and size permit and no table
 * stands. NULL, with a sentence: size 0, the range wraps around, or it lies
 * beyond what CPU and tables reach (paging_mode.phys_limit). ioremap() leaves
 * caching to the MTRRs; ioremap_nocache() forbids it. RAM may be shown, too:
 * that is the caller's affair.
 */
void *ioremap(phys_addr_t phys, u32 size);
void *ioremap_nocache(phys_addr_t phys, u32 size);
/* Anywhere in the first page of what ioremap() gave; as vfree(). */
void iounmap(const void *addr);

/* Addresses alone, for who maps there by himself; vunmap(area->addr) gives them
 * back and clears what is mapped. */
struct vm_struct *get_vm_area(u32 size, u32 flags);

/* What a vmalloc address shows. NULL and 0: nothing is mapped there; NULL, too:
 * no RAM. */
struct page *vmalloc_to_page(const void *addr);
u32 vmalloc_to_pfn(const void *addr);

/* Between VMALLOC_START and VMALLOC_END? */
bool is_vmalloc_addr(const void *addr);

/* Freed areas become free addresses at once: one flush. Returns how many. */
u32 vm_unmap_aliases(void);

/* --- for reports --- */

/*
 * fn for a copy of each area that is in use, in ascending order; what it points
 * to may be gone. No lock is held, so areas may come and go meanwhile: each one
 * that is there all the time is seen once. Stops at the first non-zero return
 * and returns it.
 */
int vmap_for_each(int (*fn)(const struct vm_struct *vm, void *arg),
		  void *arg);

struct vmalloc_info {
	u32 total;		/* bytes of the space */
	u32 used;		/* of areas, with their guard pages */
	u32 largest_chunk;	/* free, in one piece */
	u32 areas, lazy_areas, lazy_bytes, flushes;
};
void vmalloc_info(struct vmalloc_info *info);

/* The space itself: for mm_check() and tests. */
extern struct vmap_space vmalloc_space;

#endif
