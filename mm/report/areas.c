/*
 * vmallocinfo, and whatis for its addresses.
 *
 * 1. The line is that of Linux's /proc/vmallocinfo: the range with the guard
 *    page, its size, who asked for it, how many pages, the physical address,
 *    and what it is. What does not apply is left out.
 *
 * 2. Areas are copied one after the other, under their lock for as long as that
 *    takes: one that comes or goes meanwhile is in the list or is not.
 *
 * 3. An area that was freed keeps its addresses until the TLB was flushed:
 *    whatis says so; vmallocinfo has only those in use.
 */
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <mm/report/areas.h>
#include <mm/virt/vmalloc.h>

/* From " pages=" to the end of the line. */
static void print_kind(const struct vm_struct *vm)
{
	if (vm->nr_pages)
		printk(" pages=%u", vm->nr_pages);
	if (vm->phys_addr)
		printk(" phys=%llx", vm->phys_addr);
	printk("%s%s%s%s\n", vm->flags & VM_IOREMAP ? " ioremap" : "",
	       vm->flags & VM_ALLOC ? " vmalloc" : "",
	       vm->flags & VM_MAP ? " vmap" : "",
	       vm->flags & VM_VPAGES ? " vpages" : "");
}

static void print_caller(const struct vm_struct *vm)
{
	char text[SYMBOL_TEXT];

	if (vm->caller)
		printk(" %s", symbol_text((u32)(uintptr_t)vm->caller, text));
}

static int print_area(const struct vm_struct *vm, void *arg)
{
	printk("0x%08x-0x%08x %7u", vm->area.start, vm->area.end,
	       vm->size);
	print_caller(vm);
	print_kind(vm);
	return 0;
}

void report_vmallocinfo(void)
{
	vmap_for_each(print_area, NULL);
}

/* --- one address --- */

/* A copy of the area that the address is in; false: it is in none. */
static bool find_area(u32 addr, struct vm_struct *vm)
{
	u32 flags = spin_lock_irqsave(&vmalloc_space.lock);
	const struct vmap_area *area =
		vmap_area_find_locked(&vmalloc_space, addr);

	if (area)
		*vm = *(const struct vm_struct *)((const char *)area -
			offsetof(struct vm_struct, area));
	spin_unlock_irqrestore(&vmalloc_space.lock, flags);
	return area;
}

void report_area(u32 addr)
{
	struct vm_struct vm;

	if (!is_vmalloc_addr((const void *)(uintptr_t)addr))
		return;
	if (!find_area(addr, &vm)) {
		printk("  no vmalloc area is there\n");
		return;
	}
	printk("  vmalloc area 0x%08x-0x%08x", vm.area.start, vm.area.end);
	print_caller(&vm);
	print_kind(&vm);
	if (vm.area.state != VMAP_USED)
		printk("  freed; the addresses wait for a flush of the TLB\n");
	else if (addr >= vm.area.end - PAGE_SIZE)
		printk("  its guard page, offset %u behind its end\n",
		       addr - (vm.area.end - PAGE_SIZE));
	else
		printk("  offset %u of %u bytes\n", addr - vm.area.start,
		       vm.area.end - vm.area.start - PAGE_SIZE);
}

/* --- sums --- */

u32 vmalloc_total(void)
{
	struct vmalloc_info info;

	vmalloc_info(&info);
	return info.total;
}

u32 vmalloc_used(void)
{
	struct vmalloc_info info;

	vmalloc_info(&info);
	return info.used;
}

u32 vmalloc_chunk(void)
{
	struct vmalloc_info info;

	vmalloc_info(&info);
	return info.largest_chunk;
}
