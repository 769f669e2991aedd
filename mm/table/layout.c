/*
 * How the fourth gigabyte is shared out. ULK3 section 2.5.5 (the split at
 * 896 MB) and 8.3.1 (vmalloc).
 *
 * 1. From the top: the fixmap, pkmap below it on a table of its own, vmalloc
 *    below that. What is reserved for these (128 MB, vmalloc=) the direct map
 *    may not take, so lowmem ends at 896 MB.
 * 2. highmem=N makes the last N bytes of RAM high memory even where all would
 *    fit below: high memory can so be tried on a small machine. At least 64 MB
 *    stay low.
 */
#include <kernel/base/cmdline.h>
#include <kernel/base/printk.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <mm/table/fixmap.h>
#include <mm/table/layout.h>

#define VMALLOC_RESERVE_MIN (32U << 20)	/* derived: hole, pkmap and fixmap
					   take 16 MB of it */
#define VMALLOC_RESERVE_MAX (896U << 20) /* derived: leaves MIN_LOWMEM twice */

struct memory_layout memory_layout;

static u64 highmem_wanted;
static u32 vmalloc_reserve = VMALLOC_RESERVE_DEFAULT;

static int set_highmem(const char *value)
{
	const char *end;
	u64 size;
	int err = parse_size(value, &end, &size);

	if (err || *end)
		return -EINVAL;
	if (!size || size > MAX_PHYS_LIMIT)
		return -ERANGE;
	highmem_wanted = ALIGN_DOWN(size, (u64)PAGE_SIZE);
	return 0;
}

static int set_vmalloc(const char *value)
{
	const char *end;
	u64 size;
	int err = parse_size(value, &end, &size);

	if (err || *end)
		return -EINVAL;
	if (size < VMALLOC_RESERVE_MIN || size > VMALLOC_RESERVE_MAX)
		return -ERANGE;
	vmalloc_reserve = (u32)ALIGN(size, 4ULL << 20);
	return 0;
}

KERNEL_PARAM(highmem, "highmem", set_highmem, PARAM_VALUE, "SIZE",
	     "make the last SIZE of RAM high memory");
KERNEL_PARAM(vmalloc, "vmalloc", set_vmalloc, PARAM_VALUE, "32M..896M",
	     "address space kept for vmalloc, pkmap and fixmap");

/* Frames of lowmem; highmem is honoured if it leaves enough. */
static u32 low_frames(u64 max_pfn, u64 highmem, u32 vmalloc)
{
	u64 most = (0x40000000U - vmalloc) >> PAGE_SHIFT;
	u64 low = min(max_pfn, most);
	u64 high = highmem >> PAGE_SHIFT;

	if (high && high <= max_pfn && max_pfn - high < low &&
	    max_pfn - high >= MIN_LOWMEM >> PAGE_SHIFT)
		low = max_pfn - high;
	return (u32)low;
}

void memory_layout_compute(struct memory_layout *layout, u64 max_pfn,
			   bool pae, u64 highmem, u32 vmalloc)
{
	u32 table_span = pae ? 2U << 20 : 4U << 20;

	layout->max_pfn = max_pfn;
	layout->max_low_pfn = low_frames(max_pfn, highmem, vmalloc);
	layout->high_memory = PAGE_OFFSET +
			      (layout->max_low_pfn << PAGE_SHIFT);
	layout->fixaddr_top = FIXADDR_TOP;
	layout->fixaddr_start = FIXADDR_START;
	layout->last_pkmap = pae ? 512 : 1024;
	layout->pkmap_base = ALIGN_DOWN(FIXADDR_START -
		PAGE_SIZE * (layout->last_pkmap + 1), table_span);
	layout->vmalloc_end = layout->pkmap_base - 2 * PAGE_SIZE;
	layout->vmalloc_start = ALIGN(layout->high_memory + VMALLOC_OFFSET,
				      VMALLOC_OFFSET);
}

void __init memory_layout_init(u64 max_pfn, bool pae)
{
	struct memory_layout *l = &memory_layout;
	u64 high;

	memory_layout_compute(l, max_pfn, pae, highmem_wanted,
			      vmalloc_reserve);
	high = PFN_PHYS(max_pfn - l->max_low_pfn);
	if (highmem_wanted && high > highmem_wanted)
		pr_warn("highmem=%lluM: %llu MB are above lowmem anyway\n",
			highmem_wanted >> 20, high >> 20);
	else if (highmem_wanted && high < highmem_wanted)
		pr_warn("highmem=%lluM leaves less than %u MB lowmem; "
			"ignored\n", highmem_wanted >> 20, MIN_LOWMEM >> 20);
	BUG_ON(l->pkmap_base + l->last_pkmap * PAGE_SIZE > l->fixaddr_start,
	       "pkmap and fixmap overlap");
	BUG_ON(l->vmalloc_start >= l->vmalloc_end, "no room for vmalloc");
}
