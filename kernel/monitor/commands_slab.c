/* The commands of the prompt about kernel objects and areas. */
#include <kernel/base/printk.h>
#include <kernel/cpu/cpustack.h>
#include <kernel/cpu/percpu.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/monitor/monitor.h>
#include <mm/object/slab.h>
#include <mm/report/areas.h>
#include <mm/report/leaks.h>
#include <mm/report/slabs.h>

/* --- slabinfo --- */

static bool parse_number(const char *text, u32 *number)
{
	const char *end;
	u64 value;

	if (parse_u64(text, &end, &value) || *end || value > UINT32_MAX) {
		printk("slabinfo: %s is no number\n", text);
		return false;
	}
	*number = (u32)value;
	return true;
}

/* The cache, or NULL after a sentence of that command. */
static struct kmem_cache *named_cache(const char *command, const char *name)
{
	struct kmem_cache *cache = slab_cache_named(name);

	if (!cache)
		printk("%s: there is no cache %s\n", command, name);
	return cache;
}

/* argv: name, limit, batch, shared. */
static void tune(char **argv)
{
	struct kmem_cache *cache = named_cache("slabinfo", argv[0]);
	u32 limit, batch, shared;

	if (!cache || !parse_number(argv[1], &limit) ||
	    !parse_number(argv[2], &batch) || !parse_number(argv[3], &shared))
		return;
	switch (kmem_cache_tune(cache, limit, batch, shared)) {
	case 0:
		break;
	case -ENOMEM:
		printk("slabinfo: there is no memory for the shared arrays\n");
		break;
	default:
		if (slab_is_debugged(cache))
			printk("slabinfo: %s is debugged and keeps nothing "
			       "for CPUs\n", argv[0]);
		else
			printk("slabinfo: LIMIT is 1 to %u, BATCH 1 to LIMIT, "
			       "SHARED 0 to 64\n", CPU_STACK_MOST);
	}
}

static int cmd_slabinfo(int argc, char **argv)
{
	if (argc == 5)
		tune(argv + 1);
	else if (argc == 1)
		report_slabinfo();
	else
		return -EINVAL;
	return 0;
}

MONITOR_COMMAND(slabinfo, "[NAME LIMIT BATCH SHARED]",
		"all caches of objects; or tune one", cmd_slabinfo);

static int cmd_slabtop(int argc, char **argv)
{
	if (argc > 2 || !report_slabtop(argc == 2 ? argv[1] : "objs"))
		return -EINVAL;
	return 0;
}

MONITOR_COMMAND(slabtop, "[objs | active | size | slabs | name]",
		"the caches, sorted", cmd_slabtop);

/* --- giving back --- */

static void print_pages(const char *command, u32 pages)
{
	printk("%s: %u page%s given back\n", command, pages,
	       pages == 1 ? "" : "s");
}

static int cmd_slabshrink(int argc, char **argv)
{
	struct kmem_cache *cache;

	if (argc > 2)
		return -EINVAL;
	if (argc == 1) {
		print_pages(argv[0], kmem_caches_shrink());
		return 0;
	}
	cache = named_cache(argv[0], argv[1]);
	if (cache)
		print_pages(argv[0], kmem_cache_shrink(cache));
	return 0;
}

MONITOR_COMMAND(slabshrink, "[NAME]",
		"give back all that no object of a cache uses",
		cmd_slabshrink);

static int cmd_slabreap(int argc, char **argv)
{
	if (argc > 1)
		return -EINVAL;
	print_pages(argv[0], cache_reap(smp_processor_id(), true));
	return 0;
}

MONITOR_COMMAND(slabreap, "", "give back a little, as a timer will do",
		cmd_slabreap);

/* --- areas --- */

static int cmd_vmallocinfo(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_vmallocinfo();
	return 0;
}

MONITOR_COMMAND(vmallocinfo, "", "areas of kernel addresses",
		cmd_vmallocinfo);

/* --- leaks --- */

static int cmd_leaks(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_leaks();
	return 0;
}

MONITOR_COMMAND(leaks, "", "objects that nothing points to", cmd_leaks);
