/*
 * meminfo and vmstat: tables, one row a line, in Linux's order.
 *
 * 1. The formats are those of Linux 2.6's files in /proc, to the blank: meminfo
 *    has the lines of 2.6.11, and AnonPages and Bounce of 2.6.18, vmstat the
 *    names of 2.6.22. What has no meaning here (NFS, huge pages) has no row; a
 *    0 would be a lie. The last rows of vmstat are this kernel's own.
 *
 * 2. Who has what. Each page of an address_space is in one of two lines of
 *    meminfo: those of disks (/dev/hda) in Buffers, all others in Cached,
 *    shared memory too. A page of the swap cache is in no address_space: it is
 *    in SwapCached, and, while entries show it, in AnonPages. AnonPages and
 *    Mapped have each page once, however many entries show it: private memory,
 *    and all else. Tables of processes are objects of a cache here: what is in
 *    PageTables is in Slab, too. Active and Inactive are the lists of reclaim,
 *    whatever their pages are; pages on their way to a list are in neither.
 *
 * 3. Everything is counted in pages where it changes, but for Buffers and Slab,
 *    which are sums over address_spaces and caches. A row is a moment of its
 *    own: sums of rows are right when nothing happens meanwhile.
 *
 * 4. What zones count is of the set that was asked for; all else is of the
 *    machine, which has it once.
 */
#include <kernel/base/printk.h>
#include <kernel/block/blkdev.h>
#include <mm/cache/pagemap.h>
#include <mm/high/bounce.h>
#include <mm/high/kmap_pool.h>
#include <mm/page/page_alloc.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/swap.h>
#include <mm/report/areas.h>
#include <mm/report/pages.h>
#include <mm/report/slabs.h>
#include <mm/space/mm.h>
#include <mm/space/rmap.h>

/* One of the two functions. */
struct report_line {
	const char *name;
	u32 (*of_set)(const struct node_set *set, u32 arg);
	u32 arg;			/* of_set's */
	u32 (*of_machine)(void);
};

#define SET(fn, arg) fn, arg, NULL
#define MACHINE(fn) NULL, 0, fn

static u32 value_of(const struct report_line *line, const struct node_set *set)
{
	return line->of_set ? line->of_set(set, line->arg) : line->of_machine();
}

/* --- pages of zones; arg: the types that count, a bit each --- */

#define DMA (1U << ZONE_DMA)
#define NORMAL (1U << ZONE_NORMAL)
#define HIGH (1U << ZONE_HIGHMEM)
#define LOW (DMA | NORMAL)
#define ALL (LOW | HIGH)

/* Of all zones of these types: the sum of a u32 in struct zone. */
static u32 sum_of_zones(const struct node_set *set, u32 types, u32 offset)
{
	struct zone *zone;
	unsigned int i;
	u32 sum = 0;

	for_each_zone_of(set, zone, i)
		if (types >> zone->type & 1)
			sum += *(const u32 *)((const char *)zone + offset);
	return sum;
}

static u32 free_pages_in(const struct node_set *set, u32 types)
{
	return sum_of_zones(set, types, offsetof(struct zone, free_pages));
}

static u32 total_pages_in(const struct node_set *set, u32 types)
{
	return sum_of_zones(set, types, offsetof(struct zone, managed_pages));
}

static u32 active(const struct node_set *set, u32 types)
{
	return sum_of_zones(set, types, offsetof(struct zone, nr_active));
}

static u32 inactive(const struct node_set *set, u32 types)
{
	return sum_of_zones(set, types, offsetof(struct zone, nr_inactive));
}

/* --- what each CPU counts of each zone; where in struct zone_counters --- */

static u32 sum_over_cpus(const struct zone *zone, u32 offset)
{
	struct zone_counters count;
	unsigned int cpu;
	u32 sum = 0;

	for_each_cpu(cpu) {
		zone_count(zone, cpu, &count);
		sum += *(const u32 *)((const char *)&count + offset);
	}
	return sum;
}

static u32 allocated(const struct node_set *set, u32 types)
{
	struct zone *zone;
	unsigned int i;
	u32 sum = 0;

	for_each_zone_of(set, zone, i)
		if (types >> zone->type & 1)
			sum += sum_over_cpus(zone, offsetof(
					struct zone_counters, pgalloc));
	return sum;
}

static u32 counted(const struct node_set *set, u32 offset)
{
	struct zone *zone;
	unsigned int i;
	u32 sum = 0;

	for_each_zone_of(set, zone, i)
		sum += sum_over_cpus(zone, offset);
	return sum;
}

#define COUNTER(member) SET(counted, offsetof(struct zone_counters, member))

/* --- events --- */

static u32 happened(const struct node_set *set, u32 event)
{
	return vm_event_sum((enum vm_event)event);
}

#define EVENT(event) SET(happened, event)

/* arg: the event and the type of zone */
#define OF_TYPE(event, type) ((u32)(event) * MAX_NR_ZONES + (type))

static u32 happened_in(const struct node_set *set, u32 arg)
{
	return zone_vm_event_sum((enum zone_type)(arg % MAX_NR_ZONES),
				 (enum vm_event)(arg / MAX_NR_ZONES));
}

static u32 stolen_in(const struct node_set *set, u32 type)
{
	return zone_vm_event_sum((enum zone_type)type, PGSTEAL_KSWAPD) +
	       zone_vm_event_sum((enum zone_type)type, PGSTEAL_DIRECT);
}

#define FOR_EACH_TYPE(name, event)					\
	{ name "_dma", SET(happened_in, OF_TYPE(event, ZONE_DMA)) },	\
	{ name "_normal", SET(happened_in, OF_TYPE(event, ZONE_NORMAL)) }, \
	{ name "_high", SET(happened_in, OF_TYPE(event, ZONE_HIGHMEM)) }

static u32 stalled(void)
{
	return allocstall;
}

/* --- of the machine --- */

static u32 cached(void)
{
	u32 all = page_cache_pages(), disks = page_cache_pages_of_disks();

	/* two moments */
	return all > disks ? all - disks : 0;
}

static u32 file_pages(void)
{
	return page_cache_pages() + nr_swap_cached();
}

static u32 anon_mapped(void)
{
	return sum_space_counts().anon;
}

static u32 file_mapped(void)
{
	return sum_space_counts().file;
}

static u32 table_pages(void)
{
	return sum_space_counts().tables;
}

static u32 slab_unreclaimable(void)
{
	return slab_pages_of_all() - slab_pages_reclaimable();
}

static u32 committed(void)
{
	return (u32)atomic_read(&overcommit.committed);
}

static u32 area_pages(void)
{
	return vmalloc_total() >> PAGE_SHIFT;
}

static u32 area_pages_used(void)
{
	return vmalloc_used() >> PAGE_SHIFT;
}

static u32 area_pages_together(void)
{
	return vmalloc_chunk() >> PAGE_SHIFT;
}

static u32 paged_kb(const struct node_set *set, u32 rw)
{
	return block_paged_kb(rw);
}

static u32 bounced(const struct node_set *set, u32 write)
{
	return nr_bounced(write);
}

static u32 pages_mapped(void)
{
	return kernel_kmaps.maps;
}

static u32 windows_flushed(void)
{
	return kernel_kmaps.flushes;
}

static u32 window_waits(void)
{
	return kernel_kmaps.waits;
}

/* --- the tables --- */

/* In pages; printed in KB. */
static const struct report_line meminfo[] = {
	{ "MemTotal:", SET(total_pages_in, ALL) },
	{ "MemFree:", SET(free_pages_in, ALL) },
	{ "Buffers:", MACHINE(page_cache_pages_of_disks) },
	{ "Cached:", MACHINE(cached) },
	{ "SwapCached:", MACHINE(nr_swap_cached) },
	{ "Active:", SET(active, ALL) },
	{ "Inactive:", SET(inactive, ALL) },
	{ "HighTotal:", SET(total_pages_in, HIGH) },
	{ "HighFree:", SET(free_pages_in, HIGH) },
	{ "LowTotal:", SET(total_pages_in, LOW) },
	{ "LowFree:", SET(free_pages_in, LOW) },
	{ "SwapTotal:", MACHINE(total_swap_pages) },
	{ "SwapFree:", MACHINE(nr_swap_pages) },
	{ "Dirty:", MACHINE(nr_dirty_pages) },
	{ "Writeback:", MACHINE(nr_writeback_pages) },
	{ "AnonPages:", MACHINE(anon_mapped) },
	{ "Mapped:", MACHINE(file_mapped) },
	{ "Slab:", MACHINE(slab_pages_of_all) },
	{ "SReclaimable:", MACHINE(slab_pages_reclaimable) },
	{ "SUnreclaim:", MACHINE(slab_unreclaimable) },
	{ "PageTables:", MACHINE(table_pages) },
	{ "Bounce:", MACHINE(nr_bounce_pages) },
	{ "CommitLimit:", MACHINE(vm_commit_limit) },
	{ "Committed_AS:", MACHINE(committed) },
	{ "VmallocTotal:", MACHINE(area_pages) },
	{ "VmallocUsed:", MACHINE(area_pages_used) },
	{ "VmallocChunk:", MACHINE(area_pages_together) },
};

static const struct report_line vmstat[] = {
	{ "nr_free_pages", SET(free_pages_in, ALL) },
	{ "nr_inactive", SET(inactive, ALL) },
	{ "nr_active", SET(active, ALL) },
	{ "nr_anon_pages", MACHINE(anon_mapped) },
	{ "nr_mapped", MACHINE(file_mapped) },
	{ "nr_file_pages", MACHINE(file_pages) },
	{ "nr_dirty", MACHINE(nr_dirty_pages) },
	{ "nr_writeback", MACHINE(nr_writeback_pages) },
	{ "nr_slab_reclaimable", MACHINE(slab_pages_reclaimable) },
	{ "nr_slab_unreclaimable", MACHINE(slab_unreclaimable) },
	{ "nr_page_table_pages", MACHINE(table_pages) },
	{ "nr_bounce", MACHINE(nr_bounce_pages) },
	{ "nr_vmscan_write", EVENT(VMSCAN_WRITE) },
	{ "numa_hit", COUNTER(numa_hit) },
	{ "numa_miss", COUNTER(numa_miss) },
	{ "numa_foreign", COUNTER(numa_foreign) },
	{ "numa_local", COUNTER(local_node) },
	{ "numa_other", COUNTER(other_node) },
	{ "pgpgin", SET(paged_kb, READ) },
	{ "pgpgout", SET(paged_kb, WRITE) },
	{ "pswpin", EVENT(PSWPIN) },
	{ "pswpout", EVENT(PSWPOUT) },
	{ "pgalloc_dma", SET(allocated, DMA) },
	{ "pgalloc_normal", SET(allocated, NORMAL) },
	{ "pgalloc_high", SET(allocated, HIGH) },
	{ "pgfree", COUNTER(pgfree) },
	{ "pgactivate", EVENT(PGACTIVATE) },
	{ "pgdeactivate", EVENT(PGDEACTIVATE) },
	{ "pgfault", EVENT(PGFAULT) },
	{ "pgmajfault", EVENT(PGMAJFAULT) },
	FOR_EACH_TYPE("pgrefill", PGREFILL),
	{ "pgsteal_dma", SET(stolen_in, ZONE_DMA) },
	{ "pgsteal_normal", SET(stolen_in, ZONE_NORMAL) },
	{ "pgsteal_high", SET(stolen_in, ZONE_HIGHMEM) },
	FOR_EACH_TYPE("pgscan_kswapd", PGSCAN_KSWAPD),
	FOR_EACH_TYPE("pgscan_direct", PGSCAN_DIRECT),
	{ "slabs_scanned", EVENT(SLABS_SCANNED) },
	{ "kswapd_steal", EVENT(PGSTEAL_KSWAPD) },
	{ "pageoutrun", EVENT(PAGEOUTRUN) },
	{ "allocstall", MACHINE(stalled) },
	{ "pgrotated", EVENT(PGROTATED) },
	/* Linux has no names for these, or had none then */
	{ "oom_kill", EVENT(OOM_KILL) },
	{ "kmap_new", MACHINE(pages_mapped) },
	{ "kmap_flush", MACHINE(windows_flushed) },
	{ "kmap_wait", MACHINE(window_waits) },
	{ "bounce_read", SET(bounced, 0) },
	{ "bounce_write", SET(bounced, 1) },
};

void report_meminfo(const struct node_set *set)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(meminfo); i++)
		printk("%-14s%8u kB\n", meminfo[i].name,
		       value_of(&meminfo[i], set) << (PAGE_SHIFT - 10));
}

void report_vmstat(const struct node_set *set)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vmstat); i++)
		printk("%s %u\n", vmstat[i].name, value_of(&vmstat[i], set));
}
