/*
 * Page tables as far as mm/page knows of them: the host's own. A frame that
 * the fixmap shows is a mapping of host.c's memory; a page of the direct map
 * that is not present is one without access.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "host.h"
#include <kernel/base/bootmark.h>
#include <mm/page/internal.h>
#include <mm/table/fixmap.h>
#include <mm/table/layout.h>
#include <mm/table/paging.h>

struct pgtable kernel_pgtable;
struct memory_layout memory_layout;
phys_addr_t (*pt_alloc_table)(void);
void (*pt_free_table)(phys_addr_t table);

static bool slot_used[__end_of_fixed_addresses];
unsigned int host_windows;

static void *slot_address(enum fixed_addresses idx)
{
	return (void *)(uintptr_t)__fix_to_virt(idx);
}

void set_fixmap(enum fixed_addresses idx, phys_addr_t pa, pteval_t prot)
{
	if (idx >= __end_of_fixed_addresses || slot_used[idx])
		host_die("fixmap slot %u is used, or does not exist", idx);
	if (!(prot & _PAGE_RW))
		host_die("a window that cannot be written to");
	host_memory_map(slot_address(idx), pa);
	slot_used[idx] = true;
	host_windows++;
}

void clear_fixmap(enum fixed_addresses idx)
{
	if (!slot_used[idx])
		host_die("fixmap slot %u is not used", idx);
	munmap(slot_address(idx), PAGE_SIZE);
	slot_used[idx] = false;
	host_windows--;
}

void pt_set_page(struct pgtable *pt, u32 va, pteval_t value)
{
	void *at = (void *)(uintptr_t)va;

	if (pt != &kernel_pgtable)
		host_die("an entry of another tree");
	if (value && (value & PTE_FRAME_MASK) != __pa(at))
		host_die("the direct map shows another frame at %#x", va);
	if (mprotect(at, PAGE_SIZE,
		     value ? PROT_READ | PROT_WRITE : PROT_NONE))
		host_die("no page at %#x", va);
}

pteval_t kernel_page_prot(u32 va)
{
	return PAGE_KERNEL;
}

void free_init_text(void)
{
}

void boot_mark(enum boot_mark mark)
{
}
