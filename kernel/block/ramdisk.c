/*
 * RAM disks.
 *
 * 1. What for. A disk that is always there and never fails: it shows what the
 *    layers above cost, and their tests need no hardware.
 *
 * 2. Whose memory. mem=SIZE leaves RAM that nobody else knows of; ramdisk=SIZE
 *    takes it from the begin of the largest piece of it, past what has an owner
 *    (a module that the loader put there). ramdisk=module is the first module.
 *
 * 3. Memory below the end of the direct map is seen there; the rest through a
 *    window in the fixmap, one a CPU, page by page: so the disk may be of any
 *    size. Its entry is known, so a page costs a dozen instructions more; what
 *    the TLB knows of it is flushed when it shows another page, and used by
 *    nobody until then. The pages of a request, which may be any, are seen by
 *    kmap_atomic(): none is out of reach.
 *
 * 4. start() copies and ends the request at once. Interrupts are off then, so
 *    requests are small: RAMDISK_SECTORS. Single pages go without a request
 *    (page_io.c).
 */
#include <kernel/base/cmdline.h>
#include <kernel/base/printk.h>
#include <kernel/block/drivers.h>
#include <kernel/block/ramdisk.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/tlb.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>
#include <mm/early/memblock.h>
#include <mm/early/options.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>
#include <mm/table/fixmap.h>
#include <mm/table/paging.h>

#define RAMDISK_SECTORS 64U	/* guessed: 8 pages, 10 microseconds */

struct ramdisk {
	struct block_device bdev;
	phys_addr_t start;
};

/* --- the driver --- */

static bool in_direct_map(phys_addr_t pa)
{
	return pa < PFN_PHYS(max_low_pfn);
}

/* A window is this CPU's: nobody else needs to know what it shows. */
static struct pt_run windows;

static void windows_init(void)
{
	int err = pt_run_open(&kernel_pgtable, __fix_to_virt(FIX_RAMDISK_END),
			      NR_CPUS, PAGE_KERNEL, &windows);

	BUG_ON(err || windows.n != NR_CPUS, "the fixmap has no table");
}

static void *own_entry(void)
{
	return pt_run_entry(&windows, NR_CPUS - 1 - smp_processor_id());
}

static void *show(phys_addr_t pa)
{
	u32 va = __fix_to_virt(FIX_RAMDISK + smp_processor_id());

	if (in_direct_map(pa))
		return __va((u32)pa);
	pt_run_set(&windows, own_entry(), (u32)(pa >> PAGE_SHIFT));
	flush_tlb_own(va);
	return (void *)(uintptr_t)(va + (u32)(pa & (PAGE_SIZE - 1)));
}

static void hide(phys_addr_t pa)
{
	if (!in_direct_map(pa))
		pt_run_clear(&windows, own_entry());
}

/* Within one page of the disk. */
static __always_inline void copy(char *data, phys_addr_t pa, u32 bytes,
				 bool write)
{
	void *disk = show(pa);

	if (write)
		memcpy(disk, data, bytes);
	else
		memcpy(data, disk, bytes);
	hide(pa);
}

static void copy_piece(const struct bio_vec *piece, phys_addr_t pa, bool write)
{
	char *data = (char *)kmap_atomic(piece->bv_page) + piece->bv_offset;

	copy(data, pa, piece->bv_len, write);
	kunmap_atomic(data);
}

static void ramdisk_start(struct block_device *bdev, struct request *rq)
{
	const struct ramdisk *disk = bdev->private;
	struct request_walk walk = { .left = rq->sectors << SECTOR_SHIFT };
	phys_addr_t pa = disk->start + (rq->sector << SECTOR_SHIFT);
	struct bio_vec piece;

	while (rq_next_piece(rq, &walk,
			     PAGE_SIZE - (u32)(pa & (PAGE_SIZE - 1)), &piece)) {
		copy_piece(&piece, pa, rq->rw & WRITE);
		pa += piece.bv_len;
	}
	blk_end_request(bdev, BLK_FINE, rq->sectors);
}

/* The same without a request, for one page: from the begin of it on. A module
 * may begin anywhere, so a page of it may lie in two windows. */
static void ramdisk_copy(struct block_device *bdev, sector_t sector,
			 u32 sectors, struct page *page, u32 rw)
{
	const struct ramdisk *disk = bdev->private;
	phys_addr_t pa = disk->start + (sector << SECTOR_SHIFT);
	u32 bytes = sectors << SECTOR_SHIFT;
	u32 first = min(bytes, (u32)(PAGE_SIZE - (pa & (PAGE_SIZE - 1))));
	char *data = kmap_atomic(page);

	copy(data, pa, first, rw & WRITE);
	if (unlikely(first < bytes))
		copy(data + first, pa + first, bytes - first, rw & WRITE);
	kunmap_atomic(data);
}

/* Nothing is ever left in flight. */
static int ramdisk_reset(struct block_device *bdev)
{
	return 0;
}

static const struct block_driver driver = {
	.name = "ram", .start = ramdisk_start, .reset = ramdisk_reset,
	.copy = ramdisk_copy,
};

/* --- making them --- */

static void fill_in(struct ramdisk *disk, const char *name, const char *model,
		    u64 bytes)
{
	struct block_device *bdev = &disk->bdev;

	strlcpy(bdev->name, name, sizeof(bdev->name));
	strlcpy(bdev->model, model, sizeof(bdev->model));
	bdev->capacity = bytes >> SECTOR_SHIFT;
	bdev->timeout = 5 * hz;
	bdev->driver = &driver;
	bdev->private = disk;
	bdev->limits = (struct queue_limits){
		.dma_mask = ~(phys_addr_t)0,
		.max_sectors = RAMDISK_SECTORS,
		.max_segments = RAMDISK_SECTORS,
		.max_segment_size = RAMDISK_SECTORS * SECTOR_SIZE,
		.seg_boundary_mask = ~(phys_addr_t)0,
	};
}

struct block_device *ramdisk_create(const char *name, const char *model,
				    phys_addr_t start, u64 bytes)
{
	struct ramdisk *disk = kzalloc(sizeof(*disk), GFP_KERNEL);
	int err;

	if (!disk)
		return NULL;
	if (!windows.n)
		windows_init();
	disk->start = start;
	fill_in(disk, name, model, bytes);
	err = add_disk(&disk->bdev);
	if (!err)
		return &disk->bdev;
	if (err == -EEXIST)
		pr_warn("ramdisk: there is a disk %s already\n", name);
	kfree(disk);
	return NULL;
}

void ramdisk_destroy(struct block_device *bdev)
{
	del_disk(bdev);
	kfree(bdev->private);
}

/* --- boot --- */

static u64 wanted;			/* bytes; 0: none */
static bool wants_module;
static phys_addr_t module_start, module_bytes;

static int set_ramdisk(const char *value)
{
	const char *end;
	u64 size;
	int err;

	if (!strcmp(value, "module")) {
		wants_module = true;
		wanted = 0;
		return 0;
	}
	err = parse_size(value, &end, &size);
	if (err)
		return err;
	if (*end || size < SECTOR_SIZE)
		return -EINVAL;
	wanted = size;
	wants_module = false;
	return 0;
}

KERNEL_PARAM(ramdisk, "ramdisk", set_ramdisk, PARAM_VALUE, "SIZE or module",
	     "a disk ram0: of RAM that mem= cut off, or of the first module");

void __init ramdisk_offer_module(phys_addr_t start, phys_addr_t bytes)
{
	module_start = start;
	module_bytes = bytes;
}

bool ramdisk_has_module(phys_addr_t start)
{
	return wants_module && module_bytes && start == module_start;
}

/* The begin of [start, end) past what has an owner in its first bytes. */
static u64 past_owners(u64 start, u64 bytes)
{
	unsigned int i;

	for (i = 0; i < memblock.reserved.cnt; i++) {
		const struct memblock_region *r = &memblock.reserved.regions[i];

		if (r->base < start + bytes && r->base + r->size > start)
			start = ALIGN(r->base + r->size, (u64)PAGE_SIZE);
	}
	return start;
}

static void from_cut_off_ram(void)
{
	u64 start, end;

	if (!mem_option_cut_off(&start, &end)) {
		pr_warn("ramdisk: mem= cut no RAM off, so there is none for "
			"a disk\n");
		return;
	}
	end = min(end, paging_mode.phys_limit);
	start = past_owners(ALIGN(start, (u64)PAGE_SIZE), wanted);
	if (start >= end || wanted > end - start)
		pr_warn("ramdisk: %llu KB are wanted, %llu KB of the RAM that "
			"mem= cut off are free in one piece\n", wanted >> 10,
			start < end ? (end - start) >> 10 : 0);
	else if (ramdisk_create("ram0", "RAM above mem=", start, wanted))
		pr_info("ramdisk: ram0 has %llu KB at %012llx\n", wanted >> 10,
			start);
}

static void from_module(void)
{
	if (!module_bytes)
		pr_warn("ramdisk: the boot loader gave no module\n");
	else if (ramdisk_create("ram0", "boot module", module_start,
				module_bytes))
		pr_info("ramdisk: ram0 is the module of %llu bytes at "
			"%012llx\n", module_bytes, module_start);
}

void ramdisk_init(void)
{
	if (wants_module)
		from_module();
	else if (wanted)
		from_cut_off_ram();
}
