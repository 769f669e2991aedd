/*
 * kmaps, and whatis for the addresses of windows.
 *
 * Windows are copied one after the other; one that comes or goes meanwhile is
 * in the list or is not. A window of kmap() without a user still shows its page
 * until the next flush, and so does, but for debug=highmem, a window of
 * kmap_atomic() that was closed: the list has the former, as its page would
 * find it again.
 */
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <mm/high/highmem.h>
#include <mm/report/windows.h>

static void print_site(u32 site)
{
	char text[SYMBOL_TEXT];

	printk("%s\n", symbol_text(site, text));
}

static void print_users(const struct kmap_info *info)
{
	if (!info->users)
		printk("no user, last ");
	else
		printk("%u user%s, last ", info->users,
		       info->users == 1 ? "" : "s");
	print_site(info->site);
}

void report_kmap_pool(struct kmap_pool *pool)
{
	struct kmap_info info;
	u32 i, shown = 0, used = 0;

	for (i = 0; i < pool->nr; i++)
		if (kmap_pool_info(pool, i, &info)) {
			shown++;
			used += info.users != 0;
		}
	printk("kmap: %u windows, %u show a page, %u have users; "
	       "%u mapped so far, %u flushes, %u waits\n", pool->nr, shown,
	       used, pool->maps, pool->flushes, pool->waits);
	for (i = 0; i < pool->nr; i++)
		if (kmap_pool_info(pool, i, &info)) {
			printk("  %08x frame 0x%x, ", info.va, info.pfn);
			print_users(&info);
		}
}

static void report_atomic(unsigned int cpu)
{
	struct kmap_info info;
	u32 i, open = 0;

	while (open < KMAP_DEPTH && kmap_atomic_info(cpu, open, &info))
		open++;
	printk("kmap_atomic: CPU %u has %u windows, %u are open\n", cpu,
	       KMAP_DEPTH, open);
	for (i = 0; i < open && kmap_atomic_info(cpu, i, &info); i++) {
		printk("  %08x frame 0x%x, ", info.va, info.pfn);
		print_site(info.site);
	}
}

void report_kmaps(void)
{
	unsigned int cpu;

	report_kmap_pool(&kernel_kmaps);
	for_each_cpu(cpu)
		report_atomic(cpu);
}

/* --- one address --- */

static bool in_pkmap(u32 addr)
{
	return addr - memory_layout.pkmap_base <
	       memory_layout.last_pkmap * PAGE_SIZE;
}

/* From FIX_KMAP_BEGIN: an odd number is a window. False: it is elsewhere. */
static bool find_atomic(u32 addr, u32 *place)
{
	*place = ((FIXADDR_TOP - (addr & PAGE_MASK)) >> PAGE_SHIFT) -
		 FIX_KMAP_BEGIN;
	return *place <= FIX_KMAP_END - FIX_KMAP_BEGIN;
}

static void report_pkmap(u32 addr)
{
	u32 i = (addr - memory_layout.pkmap_base) >> PAGE_SHIFT;
	struct kmap_info info;

	printk("  window %u of kmap()", i);
	if (i >= kernel_kmaps.nr) {
		printk(", which does not use it\n");
	} else if (!kmap_pool_info(&kernel_kmaps, i, &info)) {
		printk(", free\n");
	} else {
		printk(": ");
		print_users(&info);
	}
}

void report_window(u32 addr)
{
	struct kmap_info info;
	u32 place, i;

	if (in_pkmap(addr)) {
		report_pkmap(addr);
		return;
	}
	if (!find_atomic(addr, &place))
		return;
	if (!(place & 1)) {
		printk("  a page between two windows of kmap_atomic()\n");
		return;
	}
	i = place / 2;
	printk("  window %u of kmap_atomic(), CPU %u: ", i % KMAP_DEPTH,
	       i / KMAP_DEPTH);
	if (kmap_atomic_info(i / KMAP_DEPTH, i % KMAP_DEPTH, &info))
		print_site(info.site);
	else
		printk("closed\n");
}

const char *window_place(u32 addr)
{
	u32 place;

	if (in_pkmap(addr))
		return "a window of kmap() that shows no page";
	if (!find_atomic(addr, &place))
		return NULL;
	return place & 1 ? "a window of kmap_atomic() that was closed" :
	       "the page next to a window of kmap_atomic(): something ran off "
	       "its end";
}
