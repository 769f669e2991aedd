/*
 * vmalloc, vmap, ioremap. ULK3 section 8.3.
 *
 * 1. An area of addresses (vmap_area.c), pages that need not follow each other
 *    (mm/page/page_bulk.c), and entries in kernel_pgtable that join the two
 *    (mm/table/pgtable_range.c). One structure, struct vm_struct, describes it;
 *    the address area stands inside, and so does the array of its pages as long
 *    as all fits into a page. A larger array is vmalloc'ed itself (VM_VPAGES):
 *    it needs no pages in a row.
 *
 * 2. The life of an area.
 *
 *	used	has its addresses; entries are written, and read by all
 *	going	vfree() took it: entries are cleared, pages are freed
 *	lazy	until the TLB is flushed; then kfree()
 *
 *    The pages go back before the flush. Until then some TLB may still show
 *    them at the old address, as in the reference: only who uses freed memory
 *    could see that, and no address is reused before.
 *
 * 3. Only kernel_pgtable is written. Other page directories learn of new tables
 *    when they fault: vmalloc_fault(), mm/table/pgtable_copy.c. Tables of
 *    kernel addresses are never freed.
 *
 * 4. Failure at any point unwinds the same way as vfree(): what was not there
 *    yet is passed over. An area that was never seen becomes lazy, too.
 *
 * 5. ioremap() takes large pages where it can: the area is then aligned to one.
 *    A table, be it empty, is never replaced by a large page.
 *
 * Locks: the space's, pt->lock and zone->lock, one after the other. Cost: 16 KB
 * out and back 1060 instructions, 1 MB 19300, a flush every 8 MB.
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/tlb.h>
#include <kernel/cpu/traps.h>
#include <mm/object/kmalloc.h>
#include <mm/table/layout.h>
#include <mm/table/paging.h>
#include <mm/virt/vmalloc.h>

#define LAZY_MOST 2048U		/* guessed: 8 MB; see lazy_most() */

/* What says where pages come from says nothing of what describes them. */
#define GFP_OF_PAGES (GFP_ZONEMASK | __GFP_COLD | __GFP_ZERO | __GFP_COMP)

/* An entry that is not cached, whatever the MTRRs say. */
#define PAGE_KERNEL_NOCACHE (PAGE_KERNEL | _PAGE_PCD | _PAGE_PWT)

#define CALLER __builtin_return_address(0)

struct vmap_space vmalloc_space;

static struct vm_struct *vm_of(struct vmap_area *area)
{
	return container_of(area, struct vm_struct, area);
}

static u32 nr_pages_of(u32 bytes)
{
	return (bytes >> PAGE_SHIFT) + !!(bytes & (PAGE_SIZE - 1));
}

/* --- making and unmaking --- */

/* A description with room for nr pages. */
static __always_inline struct vm_struct *new_vm(u32 nr, u32 flags, gfp_t gfp,
				const void *caller)
{
	size_t bytes = nr * sizeof(struct page *);
	struct vm_struct *vm;
	bool inside = bytes <= PAGE_SIZE - sizeof(*vm);

	vm = kmalloc(sizeof(*vm) + (inside ? bytes : 0), gfp & ~GFP_OF_PAGES);
	if (!vm)
		return NULL;
	vm->addr = NULL;
	vm->flags = flags;
	vm->nr_pages = 0;
	vm->phys_addr = 0;
	vm->caller = caller;
	vm->pages = vm->own;
	if (inside)
		return vm;
	vm->pages = __vmalloc(bytes, (gfp & ~GFP_OF_PAGES) | __GFP_HIGHMEM,
			      PAGE_KERNEL);
	vm->flags |= VM_VPAGES;
	if (!vm->pages) {
		kfree(vm);
		return NULL;
	}
	return vm;
}

static __always_inline void drop_pages(struct vm_struct *vm)
{
	free_pages_bulk(vm->nr_pages, vm->pages);
	if (vm->flags & VM_VPAGES)
		vfree(vm->pages);
}

/* It never had addresses, or has none any more. */
static void release_vm(struct vmap_area *area)
{
	kfree(vm_of(area));
}

/* A going area: entries, pages, then the addresses. */
static void fastcall take_down(struct vm_struct *vm)
{
	pt_clear_range(&kernel_pgtable, vm->area.start,
		       (vm->size >> PAGE_SHIFT) - 1);
	drop_pages(vm);
	vmap_area_put(&vmalloc_space, &vm->area);
}

/* Unwinds what has its addresses. */
static void undo(struct vm_struct *vm)
{
	const char *why;

	BUG_ON(!vmap_area_take(&vmalloc_space, vm->area.start, vm->flags, &why),
	       "an area that is being made is gone");
	take_down(vm);
}

/* Addresses for it; or it is dropped, with a sentence. */
static __always_inline bool give_addresses(struct vm_struct *vm, u32 size,
					   u32 align, gfp_t gfp)
{
	int err;

	vm->area.kind = vm->flags;
	err = vmap_area_insert(&vmalloc_space, &vm->area, size, align);
	if (!err) {
		vm->addr = (void *)(uintptr_t)vm->area.start;
		vm->size = vm->area.end - vm->area.start;
		return true;
	}
	if (!(gfp & __GFP_NOWARN))
		pr_warn("vmalloc: no room for %u bytes of addresses, aligned "
			"to %u\n", size, align);
	drop_pages(vm);
	kfree(vm);
	return false;
}

static __always_inline u32 pfn_in_array(const void *pages, u32 i)
{
	return page_to_pfn(((struct page *const *)pages)[i]);
}

static __always_inline int map_pages(u32 va, struct page *const *pages, u32 n,
				     pteval_t prot)
{
	while (n) {
		struct pt_run run;
		int err = pt_run_open(&kernel_pgtable, va, n, prot, &run);

		if (err)
			return err;
		pt_run_fill(&run, pfn_in_array, pages);
		va += run.n << PAGE_SHIFT;
		pages += run.n;
		n -= run.n;
	}
	return 0;
}

/* --- vmalloc --- */

static __always_inline bool fill(struct vm_struct *vm, u32 nr, gfp_t gfp,
				 pteval_t prot)
{
	/* one block's pages have their count at its head: single ones only */
	gfp &= ~__GFP_COMP;
	vm->nr_pages = alloc_pages_bulk(gfp, node_zonelist(numa_node_id(), gfp),
					nr, vm->pages);
	return vm->nr_pages == nr &&
	       !map_pages(vm->area.start, vm->pages, nr, prot);
}

static void *vmalloc_from(u32 size, gfp_t gfp, pteval_t prot,
			  const void *caller)
{
	u32 nr = nr_pages_of(size);
	struct vm_struct *vm;

	if (!nr || nr > totalram_pages) {
		if (!(gfp & __GFP_NOWARN))
			pr_warn("vmalloc: %u bytes are nothing, or more than "
				"there is\n", size);
		return NULL;
	}
	vm = new_vm(nr, VM_ALLOC, gfp, caller);
	if (!vm || !give_addresses(vm, size, PAGE_SIZE, gfp))
		return NULL;
	if (fill(vm, nr, gfp, prot))
		return vm->addr;
	undo(vm);
	return NULL;
}

void *__vmalloc(u32 size, gfp_t gfp, pteval_t prot)
{
	return vmalloc_from(size, gfp, prot, CALLER);
}

void *vmalloc(u32 size)
{
	return vmalloc_from(size, GFP_KERNEL | __GFP_HIGHMEM, PAGE_KERNEL,
			    CALLER);
}

void *vzalloc(u32 size)
{
	return vmalloc_from(size, GFP_KERNEL | __GFP_HIGHMEM | __GFP_ZERO,
			    PAGE_KERNEL, CALLER);
}

void *vmalloc_32(u32 size)
{
	return vmalloc_from(size, GFP_KERNEL, PAGE_KERNEL, CALLER);
}

static void free_area(const void *addr, u32 kind, const char *call)
{
	struct vmap_area *area;
	const char *why;

	if (!addr)
		return;
	area = vmap_area_take(&vmalloc_space, (u32)(uintptr_t)addr, kind, &why);
	if (area)
		take_down(vm_of(area));
	else
		pr_err("%s(%p): %s\n", call, addr, why);
}

void vfree(const void *addr)
{
	free_area(addr, VM_ALLOC, "vfree");
}

/* --- vmap --- */

static struct vm_struct *area_for(u32 size, u32 flags, u32 align,
				  const void *caller)
{
	struct vm_struct *vm = new_vm(0, flags, GFP_KERNEL, caller);

	if (!vm || !give_addresses(vm, size, align, GFP_KERNEL))
		return NULL;
	return vm;
}

struct vm_struct *get_vm_area(u32 size, u32 flags)
{
	return area_for(size, VM_MAP, PAGE_SIZE, CALLER);
}

void *vmap(struct page **pages, u32 count, u32 flags, pteval_t prot)
{
	struct vm_struct *vm;

	if (count > totalram_pages || count > ~0U >> PAGE_SHIFT) {
		pr_warn("vmap: %u pages are more than there are\n", count);
		return NULL;
	}
	vm = area_for(count << PAGE_SHIFT, VM_MAP, PAGE_SIZE, CALLER);
	if (!vm)
		return NULL;
	if (!map_pages(vm->area.start, pages, count, prot))
		return vm->addr;
	undo(vm);
	return NULL;
}

void vunmap(const void *addr)
{
	free_area(addr, VM_MAP, "vunmap");
}

/* --- ioremap --- */

/* A large page's size if one may fit, else a page's. */
static u32 ioremap_align(phys_addr_t phys, u32 size)
{
	u32 large = pt_level_size(&kernel_pgtable, 2);
	u32 lead = (u32)-phys & (large - 1);

	/* the area begins where phys does in a large page, or it never fits */
	if (lead || size < large || !paging_mode.pse)
		return PAGE_SIZE;
	return large;
}

static void *ioremap_with(phys_addr_t phys, u32 size, pteval_t prot,
			  const void *caller)
{
	u32 offset = (u32)phys & (PAGE_SIZE - 1), bytes;
	u64 end = phys + size;
	struct vm_struct *vm;

	if (!size || end < phys || end > paging_mode.phys_limit ||
	    size > ~0U - 2 * PAGE_SIZE) {
		pr_warn("ioremap: nothing can be shown at %llx, %u bytes\n",
			phys, size);
		return NULL;
	}
	phys -= offset;
	bytes = PAGE_ALIGN(size + offset);
	vm = area_for(bytes, VM_IOREMAP, ioremap_align(phys, bytes), caller);
	if (!vm)
		return NULL;
	vm->phys_addr = phys;
	if (!pt_map(&kernel_pgtable, vm->area.start, phys, bytes, prot,
		    paging_mode.pse))
		return (char *)vm->addr + offset;
	undo(vm);
	return NULL;
}

void *ioremap(phys_addr_t phys, u32 size)
{
	return ioremap_with(phys, size, PAGE_KERNEL, CALLER);
}

void *ioremap_nocache(phys_addr_t phys, u32 size)
{
	return ioremap_with(phys, size, PAGE_KERNEL_NOCACHE, CALLER);
}

void iounmap(const void *addr)
{
	free_area((void *)((uintptr_t)addr & PAGE_MASK), VM_IOREMAP, "iounmap");
}

/* --- looking --- */

bool is_vmalloc_addr(const void *addr)
{
	u32 va = (u32)(uintptr_t)addr;

	return va >= vmalloc_space.start && va < vmalloc_space.end;
}

u32 vmalloc_to_pfn(const void *addr)
{
	struct pt_walk walk;

	if (!is_vmalloc_addr(addr) ||
	    !pt_walk(&kernel_pgtable, (u32)(uintptr_t)addr, &walk))
		return 0;
	return (u32)PFN_DOWN(walk.phys);
}

struct page *vmalloc_to_page(const void *addr)
{
	u32 pfn = vmalloc_to_pfn(addr);

	return pfn && pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
}

u32 vm_unmap_aliases(void)
{
	return vmap_purge(&vmalloc_space);
}

int vmap_for_each(int (*fn)(const struct vm_struct *vm, void *arg), void *arg)
{
	u32 addr = vmalloc_space.start;
	struct vm_struct copy;

	for (;;) {
		u32 flags = spin_lock_irqsave(&vmalloc_space.lock);
		struct vmap_area *area;
		int result;

		area = vmap_area_next_locked(&vmalloc_space, addr);
		if (area)
			copy = *vm_of(area);
		spin_unlock_irqrestore(&vmalloc_space.lock, flags);
		if (!area)
			return 0;
		result = fn(&copy, arg);
		if (result)
			return result;
		addr = copy.area.end;
	}
}

void vmalloc_info(struct vmalloc_info *info)
{
	struct vmap_counts count = vmap_counts(&vmalloc_space);

	*info = (struct vmalloc_info){
		.total = vmalloc_space.end - vmalloc_space.start,
		.used = count.pages << PAGE_SHIFT,
		.largest_chunk = vmap_largest_gap(&vmalloc_space),
		.areas = count.areas, .lazy_areas = count.lazy,
		.lazy_bytes = count.lazy_pages << PAGE_SHIFT,
		.flushes = count.flushes,
	};
}

/* --- start --- */

/* For the not-present faults of the kernel at these addresses: the page
 * directory in CR3 may not know a table yet. */
static bool fastcall vmalloc_fault(struct pt_regs *regs)
{
	u32 addr = read_cr2();

	if (user_mode(regs) ||
	    regs->error_code & (PF_PRESENT | PF_USER | PF_RSVD) ||
	    !is_vmalloc_addr((void *)(uintptr_t)addr))
		return false;
	return pt_learn(read_cr3(), addr);
}

/* A quarter of the addresses, or of RAM (descriptions stay meanwhile), at most.
 */
static u32 lazy_most(u32 pages)
{
	u32 most = min(pages / 4, totalram_pages / 4);

	return min(most, LAZY_MOST);
}

void vmalloc_init(void)
{
	u32 start = memory_layout.vmalloc_start;
	u32 end = memory_layout.vmalloc_end;

	vmap_space_init(&vmalloc_space, start, end,
			lazy_most((end - start) >> PAGE_SHIFT), flush_tlb_all,
			release_vm);
	set_trap_handler(TRAP_PAGE_FAULT, vmalloc_fault);
}
