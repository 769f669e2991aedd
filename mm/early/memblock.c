/*
 * memblock: the allocator before the allocator.
 *
 * 1. What for. The page allocator needs page tables and mem_map before it can
 *    run, and they need memory. Until then ranges of RAM are handed out from
 *    here; the page allocator later takes over what is still free. The
 *    reference keeps one bit a page (bootmem), which must itself be put
 *    somewhere before there is an allocator, and forgets who took a page. Two
 *    lists of ranges need no memory of their own, count in bytes and keep the
 *    owner's name.
 *
 * 2. States of a byte, by the list it stands in:
 *
 *	memory	reserved
 *	no	no		no RAM, of no interest
 *	yes	no		free: memblock_find() may return it
 *	yes	yes		taken, memblock_owner() says by whom
 *	no	yes		taken beforehand, should RAM be added there
 *
 * 3. Invariants of each list; memblock_check() recomputes them:
 *	a. sorted by base, no range is empty, none overlap;
 *	b. two ranges that touch have owners with different names;
 *	c. total_size is the sum of the sizes;
 *	d. in memory no range has an owner, in reserved each has one;
 *	e. the end of a range, base + size, is a number of 64 bits.
 *    For e the address space ends one byte early, at MEMBLOCK_ALLOC_ANYWHERE;
 *    no machine has a frame there (a physical address has 52 bits at most).
 *
 * 4. Change. Each change builds the new list aside, in next, range by range
 *    in order of address, joining on the way, and copies it back if it fits.
 *    There is no half-done change, and no case of insertion before, behind or
 *    between: a list that is built in order has its invariants by
 *    construction. Boot has one CPU and no interrupts: one next does for all.
 *
 * 5. Search. A free range is a stretch of memory without reserved. The lowest
 *    (bottom_up) or highest place that fits is taken. Top-down is the default:
 *    it spares the low 16 MB, which old DMA needs. Frame 0 is never found, as
 *    0 is what a failed allocation returns.
 *
 * 6. Cost. A change copies one list, at most 128 ranges of 20 bytes (measured:
 *    15,000 instructions). A search steps through both lists for each free
 *    range: with 128 of them 225,000 instructions, measured.
 */
#include <kernel/cpu/page.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <mm/early/memblock.h>

struct memblock memblock;

/* cnt goes on counting when regions is full, so that it says what is needed. */
static struct memblock_type next;

static phys_addr_t region_end(const struct memblock_region *region)
{
	return region->base + region->size;
}

/* The end of a range that the caller gave, cut as 3e wants it. */
static phys_addr_t cut_end(phys_addr_t base, phys_addr_t size)
{
	return base + min(size, MEMBLOCK_ALLOC_ANYWHERE - base);
}

static bool same_owner(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

static void next_start(void)
{
	next.cnt = 0;
	next.total_size = 0;
}

static bool next_join(phys_addr_t base, phys_addr_t end, const char *owner)
{
	struct memblock_region *prev;

	if (!next.cnt || next.cnt > MEMBLOCK_REGIONS)
		return false;
	prev = &next.regions[next.cnt - 1];
	if (region_end(prev) != base || !same_owner(prev->owner, owner))
		return false;
	prev->size += end - base;
	return true;
}

/* Nothing where base >= end. */
static void next_add(phys_addr_t base, phys_addr_t end, const char *owner)
{
	if (base >= end)
		return;
	next.total_size += end - base;
	if (next_join(base, end, owner))
		return;
	if (next.cnt < MEMBLOCK_REGIONS)
		next.regions[next.cnt] = (struct memblock_region){
			.base = base, .size = end - base, .owner = owner,
		};
	next.cnt++;
}

static int next_commit(struct memblock_type *type)
{
	if (next.cnt > MEMBLOCK_REGIONS)
		return -ENOSPC;
	memcpy(type->regions, next.regions,
	       next.cnt * sizeof(next.regions[0]));
	type->cnt = next.cnt;
	type->total_size = next.total_size;
	return 0;
}

/*
 * What stands in the list keeps its owner; each gap of [base, end) goes to the
 * new one, piece by piece in front of the region that ends the gap.
 */
static int type_add(struct memblock_type *type, phys_addr_t base,
		    phys_addr_t end, const char *owner)
{
	phys_addr_t pos = base;	/* [base, pos) is dealt with */
	unsigned int i;

	next_start();
	for (i = 0; i < type->cnt; i++) {
		const struct memblock_region *region = &type->regions[i];

		next_add(pos, min(end, region->base), owner);
		next_add(region->base, region_end(region), region->owner);
		if (region_end(region) > pos)
			pos = min(end, region_end(region));
	}
	next_add(pos, end, owner);
	return next_commit(type);
}

static int type_cut(struct memblock_type *type, phys_addr_t base,
		    phys_addr_t end)
{
	unsigned int i;

	next_start();
	for (i = 0; i < type->cnt; i++) {
		const struct memblock_region *region = &type->regions[i];
		phys_addr_t last = region_end(region);

		next_add(region->base, min(base, last), region->owner);
		next_add(max(end, region->base), last, region->owner);
	}
	return next_commit(type);
}

void memblock_init(struct memblock *mb)
{
	memset(mb, 0, sizeof(*mb));
	mb->current_limit = MEMBLOCK_ALLOC_ANYWHERE;
}

int memblock_add(struct memblock *mb, phys_addr_t base, phys_addr_t size)
{
	return type_add(&mb->memory, base, cut_end(base, size), NULL);
}

int memblock_remove(struct memblock *mb, phys_addr_t base, phys_addr_t size)
{
	return type_cut(&mb->memory, base, cut_end(base, size));
}

int memblock_reserve(struct memblock *mb, phys_addr_t base, phys_addr_t size,
		     const char *owner)
{
	BUG_ON(!owner, "a reservation of memory has no owner");
	return type_add(&mb->reserved, base, cut_end(base, size), owner);
}

int memblock_free(struct memblock *mb, phys_addr_t base, phys_addr_t size)
{
	return type_cut(&mb->reserved, base, cut_end(base, size));
}

/*
 * The first free stretch of [base, end), a part of memory: behind a region
 * that stands over its begin, in front of the next one.
 */
static bool next_gap(const struct memblock_type *reserved, phys_addr_t *base,
		     phys_addr_t *end)
{
	unsigned int i;

	for (i = 0; i < reserved->cnt && *base < *end; i++) {
		const struct memblock_region *region = &reserved->regions[i];

		if (region_end(region) <= *base)
			continue;
		if (region->base > *base) {
			*end = min(*end, region->base);
			break;
		}
		*base = region_end(region);
	}
	return *base < *end;
}

bool memblock_next_free(const struct memblock *mb, phys_addr_t *from,
			phys_addr_t *base, phys_addr_t *end)
{
	unsigned int i;

	for (i = 0; i < mb->memory.cnt; i++) {
		const struct memblock_region *region = &mb->memory.regions[i];

		*base = max(*from, region->base);
		*end = region_end(region);
		if (next_gap(&mb->reserved, base, end)) {
			*from = *end;
			return true;
		}
	}
	return false;
}

/* Where size bytes lie in [base, end), as low or as high as may be. */
static bool place(phys_addr_t base, phys_addr_t end, phys_addr_t size,
		  phys_addr_t align, bool bottom_up, phys_addr_t *found)
{
	phys_addr_t low = ALIGN(base, align);

	if (low < base || low >= end || end - low < size)
		return false;
	*found = bottom_up ? low : ALIGN_DOWN(end - size, align);
	return true;
}

bool memblock_find(const struct memblock *mb, phys_addr_t size,
		   phys_addr_t align, phys_addr_t start, phys_addr_t end,
		   phys_addr_t *found)
{
	phys_addr_t from = max(start, (phys_addr_t)PAGE_SIZE);
	phys_addr_t gap, gap_end;
	bool fits = false;

	BUG_ON(!align || !IS_ALIGNED(align, align),
	       "an alignment is no power of two");
	if (!size)
		return false;
	while (memblock_next_free(mb, &from, &gap, &gap_end)) {
		if (!place(gap, min(gap_end, end), size, align, mb->bottom_up,
			   found))
			continue;
		fits = true;
		if (mb->bottom_up)
			break;
	}
	return fits;
}

phys_addr_t memblock_phys_alloc_range(struct memblock *mb, phys_addr_t size,
				      phys_addr_t align, phys_addr_t start,
				      phys_addr_t end, const char *owner)
{
	phys_addr_t base;

	if (!memblock_find(mb, size, align, start, min(end, mb->current_limit),
			   &base))
		return 0;
	return memblock_reserve(mb, base, size, owner) ? 0 : base;
}

phys_addr_t memblock_phys_alloc(struct memblock *mb, phys_addr_t size,
				phys_addr_t align, const char *owner)
{
	return memblock_phys_alloc_range(mb, size, align, 0,
					 MEMBLOCK_ALLOC_ANYWHERE, owner);
}

/* The region over the byte at addr; NULL without one. */
static const struct memblock_region *
region_at(const struct memblock_type *type, phys_addr_t addr)
{
	unsigned int i;

	for (i = 0; i < type->cnt; i++) {
		const struct memblock_region *region = &type->regions[i];

		if (addr >= region->base && addr < region_end(region))
			return region;
	}
	return NULL;
}

bool memblock_is_memory(const struct memblock *mb, phys_addr_t base,
			phys_addr_t size)
{
	const struct memblock_region *region = region_at(&mb->memory, base);

	return region && size && size <= region_end(region) - base;
}

bool memblock_is_reserved(const struct memblock *mb, phys_addr_t base,
			  phys_addr_t size)
{
	phys_addr_t end = cut_end(base, size);
	unsigned int i;

	for (i = 0; i < mb->reserved.cnt; i++) {
		const struct memblock_region *region =
			&mb->reserved.regions[i];

		if (max(base, region->base) < min(end, region_end(region)))
			return true;
	}
	return false;
}

const char *memblock_owner(const struct memblock *mb, phys_addr_t addr)
{
	const struct memblock_region *region = region_at(&mb->reserved, addr);

	return region ? region->owner : NULL;
}

/* region, and how it stands to prev, the one before it (or NULL). */
static const char *check_region(const struct memblock_region *region,
				const struct memblock_region *prev)
{
	if (!region->size)
		return "a range is empty";
	if (region_end(region) < region->base)
		return "a range runs past the end of the address space";
	if (!prev)
		return NULL;
	if (region->base < prev->base)
		return "two ranges are out of order";
	if (region->base < region_end(prev))
		return "two ranges overlap";
	if (region->base == region_end(prev) &&
	    same_owner(region->owner, prev->owner))
		return "two ranges of one owner touch and are not joined";
	return NULL;
}

static const char *check_type(const struct memblock_type *type, bool owned)
{
	const struct memblock_region *region, *prev = NULL;
	phys_addr_t sum = 0;
	const char *wrong;

	if (type->cnt > MEMBLOCK_REGIONS)
		return "a list has more ranges than places";
	for (region = type->regions; region < type->regions + type->cnt;
	     prev = region++) {
		wrong = check_region(region, prev);
		if (wrong)
			return wrong;
		if (!region->owner != !owned)
			return owned ? "a reserved range has no owner" :
				       "a range of RAM has an owner";
		sum += region->size;
	}
	if (sum != type->total_size)
		return "a total is not the sum of its ranges";
	return NULL;
}

const char *memblock_check(const struct memblock *mb)
{
	const char *wrong = check_type(&mb->memory, false);

	return wrong ? wrong : check_type(&mb->reserved, true);
}
