/*
 * Calls about the machine as a whole, and about limits.
 *
 * A limit has two values: what counts, and how far that may be raised. Those
 * about memory count in the address space (mm->limit), where mm/space looks;
 * what they may be raised to, and all others, stand in the process. The others
 * are only remembered. Both go to children and through execve().
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/math64.h>
#include <kernel/user/internal.h>
#include <kernel/user/syscall.h>
#include <kernel/lib/string.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/swap.h>
#include <mm/space/mm.h>
#include <mm/space/uaccess.h>

/* --- what it is --- */

long sys_uname(struct pt_regs *regs)
{
	static const struct {
		char sysname[65], nodename[65], release[65], version[65],
		     machine[65], domain[65];
	} name = { "swapper", "swapper", "2.6.11", "#1", "i486", "" };

	return copy_to_user((void *)regs->ebx, &name, sizeof(name)) ? -EFAULT :
	       0;
}


/* Linux's of the i386. */
struct user_sysinfo {
	s32 uptime;
	u32 loads[3];
	u32 totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	u16 procs, pad;
	u32 totalhigh, freehigh, mem_unit;
	u8 unused[8];
};

_Static_assert(sizeof(struct user_sysinfo) == 64, "sysinfo");

/* Of zones of that type and those above it. */
static u32 free_pages_from(enum zone_type type)
{
	const struct zone *zone;
	unsigned int i;
	u32 n = 0;

	for_each_zone_of(&machine_nodes, zone, i)
		if (zone->type >= type)
			n += zone->free_pages;
	return n;
}

long sys_sysinfo(struct pt_regs *regs)
{
	/* bytes, as long as they fit into a word */
	u32 unit = totalram_pages >> (32 - PAGE_SHIFT) ? PAGE_SIZE : 1;
	u32 shift = unit == 1 ? PAGE_SHIFT : 0;
	struct user_sysinfo info = {
		.uptime = (s32)div_u64(clock_ns(), NS_IN_SECOND),
		.totalram = totalram_pages << shift,
		.freeram = free_pages_from(ZONE_DMA) << shift,
		.procs = (u16)nr_tasks(),
		.totalhigh = totalhigh_pages << shift,
		.freehigh = free_pages_from(ZONE_HIGHMEM) << shift,
		.mem_unit = unit,
	};

	if (overcommit.total_swap)
		info.totalswap = overcommit.total_swap() << shift;
	if (overcommit.free_swap)
		info.freeswap = overcommit.free_swap() << shift;
	return copy_to_user((void *)regs->ebx, &info, sizeof(info)) ? -EFAULT :
	       0;
}

/* --- limits --- */

#define OLD_INFINITY 0x7fffffffU	/* of the first getrlimit() */

enum { RLIMIT_DATA = 2, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_NOFILE = 7,
       RLIMIT_MEMLOCK, RLIMIT_AS };

struct rlimit {
	u32 cur, max;
};

void limits_init(struct process_limits *limits)
{
	u32 i;

	for (i = 0; i < RLIM_NLIMITS; i++)
		limits->cur[i] = limits->max[i] = RLIM_INFINITY;
	limits->cur[RLIMIT_CORE] = 0;
	limits->cur[RLIMIT_STACK] = STACK_LIMIT_DEFAULT;
}

/* Where the value that counts stands. */
static u32 *limit_of(u32 resource)
{
	struct mm_limits *limit = current->mm ? &current->mm->limit : NULL;

	switch (limit ? resource : RLIM_NLIMITS) {
	case RLIMIT_DATA:
		return &limit->data;
	case RLIMIT_STACK:
		return &limit->stack;
	case RLIMIT_MEMLOCK:
		return &limit->memlock;
	case RLIMIT_AS:
		return &limit->as;
	}
	return &current->process->limits.cur[resource];
}

static long get_limit(const struct pt_regs *regs, u32 most)
{
	u32 resource = regs->ebx;
	struct rlimit limit;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	limit.cur = min(*limit_of(resource), most);
	limit.max = min(current->process->limits.max[resource], most);
	return copy_to_user((void *)regs->ecx, &limit, sizeof(limit)) ?
	       -EFAULT : 0;
}

long sys_getrlimit(struct pt_regs *regs)
{
	return get_limit(regs, OLD_INFINITY);
}

long sys_ugetrlimit(struct pt_regs *regs)
{
	return get_limit(regs, RLIM_INFINITY);
}

/* Nobody here may raise what a limit may be raised to. */
long sys_setrlimit(struct pt_regs *regs)
{
	u32 *max, resource = regs->ebx;
	struct rlimit new;

	if (copy_from_user(&new, (const void *)regs->ecx, sizeof(new)))
		return -EFAULT;
	if (resource >= RLIM_NLIMITS || new.cur > new.max)
		return -EINVAL;
	max = &current->process->limits.max[resource];
	if (new.max > *max)
		return -EPERM;
	*max = new.max;
	*limit_of(resource) = new.cur;
	return 0;
}

/* --- the end of all --- */

#define MAGIC_1 0xfee1deadU

enum { CAD_OFF = 0, RESTART = 0x01234567, POWER_OFF = 0x4321fedc,
       CAD_ON = (int)0x89abcdefU, HALT = (int)0xcdef0123U };

struct power_hooks power_hooks;

static bool is_second_magic(u32 magic)
{
	/* birthdays, in hexadecimal */
	return magic == 672274793 || magic == 85072278 ||
	       magic == 369367448 || magic == 537993216;
}

static __noreturn void halt(void)
{
	printk("halted; it is safe to switch the machine off\n");
	local_irq_disable();
	for (;;)
		__asm__ volatile("hlt");
}

/* There is no keyboard whose keys could restart the machine: CAD is taken and
 * changes nothing. */
long sys_reboot(struct pt_regs *regs)
{
	if (regs->ebx != MAGIC_1 || !is_second_magic(regs->ecx))
		return -EINVAL;
	switch ((int)regs->edx) {
	case CAD_OFF:
	case CAD_ON:
		return 0;
	case RESTART:
		if (power_hooks.restart)
			power_hooks.restart();
		halt();
	case POWER_OFF:
		if (power_hooks.power_off)
			power_hooks.power_off();
		halt();
	case HALT:
		halt();
	}
	return -EINVAL;
}

/* --- swap --- */

#define SWAP_FLAG_PREFER 0x8000U	/* Linux's, as the next one */
#define SWAP_FLAG_PRIO_MASK 0x7fffU

long sys_swapon(struct pt_regs *regs)
{
	s32 prio = -1;
	char *path;
	int err;

	if (regs->ecx & ~(SWAP_FLAG_PREFER | SWAP_FLAG_PRIO_MASK))
		return -EINVAL;
	if (regs->ecx & SWAP_FLAG_PREFER)
		prio = (s32)(regs->ecx & SWAP_FLAG_PRIO_MASK);
	err = get_path(regs->ebx, &path);
	if (err)
		return err;
	err = swapon_path(path, prio);
	put_path(path);
	return err;
}

long sys_swapoff(struct pt_regs *regs)
{
	/* no area has a longer name; it takes long, and others want paths */
	char name[32], *path;
	int err = get_path(regs->ebx, &path);

	if (err)
		return err;
	strlcpy(name, path, sizeof(name));
	put_path(path);
	return swapoff(name);
}
