/*
 * 1. The fixmap has one page table of its own, linked into the image: slots can
 *    be set before there is any allocator.
 * 2. early_memremap() hands out the FIX_BTMAP windows as a stack. It serves
 *    what lies outside of the direct map in boot: ACPI tables above lowmem.
 */
#include <kernel/cpu/tlb.h>
#include <mm/table/fixmap.h>
#include <mm/table/paging.h>

static u8 fixmap_table[PAGE_SIZE] __aligned(PAGE_SIZE);
static unsigned int windows_used;

void fixmap_init(struct pgtable *pt)
{
	int err = pt_set_table(pt, FIXADDR_START, __pa(fixmap_table));

	BUG_ON(err, "something else stands where the fixmap belongs");
}

void set_fixmap(enum fixed_addresses idx, phys_addr_t pa, pteval_t prot)
{
	BUG_ON((unsigned int)idx >= __end_of_fixed_addresses,
	       "this fixmap does not exist");
	pt_set_page(&kernel_pgtable, __fix_to_virt(idx),
		    (pa & PTE_FRAME_MASK) | prot);
}

void clear_fixmap(enum fixed_addresses idx)
{
	BUG_ON((unsigned int)idx >= __end_of_fixed_addresses,
	       "this fixmap does not exist");
	pt_set_page(&kernel_pgtable, __fix_to_virt(idx), 0);
}

static unsigned int pages_touched(phys_addr_t pa, u32 size)
{
	return (unsigned int)(PFN_UP(pa + size) - PFN_DOWN(pa));
}

/* Can entries and CPU name all of [pa, pa + size)? */
static bool reachable(phys_addr_t pa, u32 size)
{
	return pa < paging_mode.phys_limit &&
	       size <= paging_mode.phys_limit - pa;
}

void *early_memremap(phys_addr_t pa, u32 size)
{
	unsigned int i, first, pages = pages_touched(pa, size);

	if (!size || size > NR_FIX_BTMAPS * PAGE_SIZE ||
	    !reachable(pa, size) || pages > NR_FIX_BTMAPS - windows_used)
		return NULL;
	/* addresses rise as indices fall */
	first = FIX_BTMAP_BEGIN - windows_used;
	for (i = 0; i < pages; i++)
		set_fixmap(first - i, ALIGN_DOWN(pa, (u64)PAGE_SIZE) +
			   PFN_PHYS(i), PAGE_KERNEL_RO);
	windows_used += pages;
	return (void *)(uintptr_t)(__fix_to_virt(first) +
				   (u32)(pa & (PAGE_SIZE - 1)));
}

void early_memunmap(void *va, u32 size)
{
	u32 addr = (u32)(uintptr_t)va;
	unsigned int i, pages = pages_touched(addr, size);
	unsigned int first = (FIXADDR_TOP - (addr & PAGE_MASK)) >> PAGE_SHIFT;

	BUG_ON(first - pages != FIX_BTMAP_BEGIN - windows_used,
	       "early_memunmap() of what was not mapped last");
	for (i = 0; i < pages; i++)
		clear_fixmap(first - i);
	windows_used -= pages;
}

unsigned int early_memremap_in_use(void)
{
	return windows_used;
}
