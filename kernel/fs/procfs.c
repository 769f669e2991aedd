/*
 * 1. A report prints; here it prints into memory (printk_capture). How long it
 *    will be is not known: if it did not fit it is made again, with as much
 *    room as it would have needed and some more, as it may have grown.
 *
 * 2. Directories of processes are made when somebody asks for them, and so are
 *    the files in them: each asks for the space of that process when it is
 *    opened, which may be gone by then (-ESRCH).
 */
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/fs/internal.h>
#include <kernel/fs/procfs.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/sched/task.h>
#include <mm/page/mmzone.h>
#include <mm/reclaim/oom.h>
#include <mm/report/maps.h>
#include <mm/report/pages.h>
#include <mm/report/slabs.h>
#include <mm/report/swaps.h>
#include <mm/space/mm.h>
#include <mm/space/uaccess.h>
#include <mm/virt/vmalloc.h>

#define ROOM_FIRST 8192U		/* guessed: most reports fit */
#define SELF_POS 0x80000000ULL		/* behind all numbers of inodes */

struct proc_hooks proc_hooks;

struct report {
	const char *name;
	void (*print)(void);
	void (*print_mm)(struct mm_struct *mm);	/* of a process */
	void (*print_pid)(u32 pid);
	/* a number is written there; NULL: none can be */
	int (*set)(u32 pid, s32 value);
};

struct text {
	u32 size;
	char bytes[];
};

/* --- text --- */

/* NULL: no memory. It may not have fitted: then *room is more. */
static struct text *print_once(const struct report *report,
			       struct mm_struct *mm, u32 pid, u32 *room)
{
	struct text *text = vmalloc(sizeof(*text) + *room);
	struct print_capture capture = { .size = *room };

	if (!text)
		return NULL;
	capture.text = text->bytes;
	printk_capture(&capture);
	if (mm)
		report->print_mm(mm);
	else if (report->print_pid)
		report->print_pid(pid);
	else
		report->print();
	printk_capture(NULL);
	text->size = capture.used;
	return text;
}

static struct text *print_all(const struct report *report,
			      struct mm_struct *mm, u32 pid)
{
	u32 room = ROOM_FIRST;
	struct text *text;

	/* the last byte of what fits is a zero byte's */
	while ((text = print_once(report, mm, pid, &room)) &&
	       text->size >= room) {
		room = text->size + text->size / 4 + 1;
		vfree(text);
	}
	return text;
}

static int text_open(struct inode *inode, struct file *file)
{
	const struct report *report = inode->i_private;
	struct mm_struct *mm = NULL;

	if (report->print_mm) {
		mm = proc_hooks.mm ? proc_hooks.mm(inode->i_number) : NULL;
		if (!mm)
			return -ESRCH;
	}
	file->private_data = print_all(report, mm, inode->i_number);
	mmput(mm);
	return file->private_data ? 0 : -ENOMEM;
}

static void text_release(struct inode *inode, struct file *file)
{
	(void)inode;
	vfree(file->private_data);
}

static long text_read(struct file *file, char *buf, u32 n, u64 *pos)
{
	const struct text *text = file->private_data;
	u32 left;

	if (*pos >= text->size)
		return 0;
	n = min(n, text->size - (u32)*pos);
	left = copy_to_user(buf, text->bytes + *pos, n);
	*pos += n - left;
	return n && left == n ? -EFAULT : (long)(n - left);
}

static const struct file_operations text_fops = {
	.read = text_read, .open = text_open, .release = text_release,
};

/* --- numbers that can be written --- */

#define NUMBER_MOST 12U			/* "-2147483648" and a line's end */

static int parse_s32(const char *text, s32 *value)
{
	bool minus = *text == '-';
	const char *end;
	u64 n;

	if (parse_u64(text + minus, &end, &n) || n > 0x7fffffff)
		return -EINVAL;
	if (*end == '\n')
		end++;
	*value = minus ? -(s32)n : (s32)n;
	return *end ? -EINVAL : 0;
}

static long number_write(struct file *file, const char *buf, u32 n, u64 *pos)
{
	const struct inode *inode = file->f_inode;
	const struct report *report = inode->i_private;
	char text[NUMBER_MOST + 1] = "";
	s32 value;
	int err;

	(void)pos;
	if (n > NUMBER_MOST)
		return -EINVAL;
	if (copy_from_user(text, buf, n))
		return -EFAULT;
	err = parse_s32(text, &value);
	if (!err)
		err = report->set(inode->i_number, value);
	return err ? err : (long)n;
}

static const struct file_operations number_fops = {
	.read = text_read, .write = number_write, .open = text_open,
	.release = text_release,
};

static void print_oom_score(u32 pid)
{
	u32 score;
	s32 adj;

	if (proc_hooks.get_oom && proc_hooks.get_oom(pid, &adj, &score))
		printk("%u\n", score);
}

static void print_oom_adj(u32 pid)
{
	u32 score;
	s32 adj;

	if (proc_hooks.get_oom && proc_hooks.get_oom(pid, &adj, &score))
		printk("%d\n", adj);
}

static int set_oom_adj(u32 pid, s32 value)
{
	if (value < OOM_SCORE_ADJ_MIN || value > OOM_SCORE_ADJ_MAX)
		return -EINVAL;
	return proc_hooks.set_oom_adj && proc_hooks.set_oom_adj(pid, value) ?
	       0 : -ESRCH;
}

/* --- directories of processes --- */

static const struct report process_reports[] = {
	{ .name = "maps", .print_mm = report_maps },
	{ .name = "smaps", .print_mm = report_smaps },
	{ .name = "pagemap", .print_mm = report_pagemap },
	{ .name = "oom_score", .print_pid = print_oom_score },
	{ .name = "oom_score_adj", .print_pid = print_oom_adj,
	  .set = set_oom_adj },
};

static struct inode *pid_lookup(struct inode *dir, const char *name)
{
	struct inode *inode;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(process_reports); i++)
		if (!strcmp(process_reports[i].name, name))
			break;
	if (i == ARRAY_SIZE(process_reports))
		return NULL;
	inode = process_reports[i].set ?
		inode_alloc(S_IFREG | 0644, &number_fops, NULL) :
		inode_alloc(S_IFREG | 0444, &text_fops, NULL);
	if (inode) {
		inode->i_private = (void *)&process_reports[i];
		inode->i_number = dir->i_number;
	}
	return inode;
}

static bool pid_list(struct inode *dir, u64 pos, dir_emit_t emit, void *arg)
{
	u32 i;

	for (i = pos > 2 ? (u32)pos - 2 : 0; i < ARRAY_SIZE(process_reports);
	     i++)
		if (!emit(arg, process_reports[i].name, dir->i_ino + i,
			  S_IFREG, i + 3))
			return false;
	return true;
}

static const struct dir_operations pid_dir = {
	.lookup = pid_lookup, .list = pid_list,
};

static u32 next_pid(u64 from)
{
	if (!proc_hooks.next_pid || from > (u32)~0U)
		return 0;
	return proc_hooks.next_pid((u32)from);
}

/* 0: it is no process's. */
static u32 pid_of_name(const char *name)
{
	const char *end;
	u64 pid;

	if (!strcmp(name, "self"))
		return current->pid;
	if (parse_u64(name, &end, &pid) || *end || !pid || next_pid(pid) != pid)
		return 0;
	return (u32)pid;
}

static struct inode *proc_lookup(struct inode *dir, const char *name)
{
	u32 pid = pid_of_name(name);
	struct inode *inode;

	if (!pid)
		return NULL;
	inode = inode_alloc(S_IFDIR | 0555, &dir_fops, NULL);
	if (inode) {
		inode->i_dir = &pid_dir;
		inode->i_number = pid;
		inode->i_parent = dir;
	}
	return inode;
}

static bool proc_list(struct inode *dir, u64 pos, dir_emit_t emit, void *arg)
{
	u32 pid = pos > SELF_POS ? (u32)(pos - SELF_POS) : 1;
	char name[12];

	if (pos <= SELF_POS &&
	    !emit(arg, "self", dir->i_ino, S_IFDIR, SELF_POS + 1))
		return false;
	for (pid = next_pid(pid); pid; pid = next_pid((u64)pid + 1)) {
		snprintf(name, sizeof(name), "%u", pid);
		if (!emit(arg, name, dir->i_ino, S_IFDIR,
			  SELF_POS + pid + 1))
			return false;
	}
	return true;
}

static const struct dir_operations proc_dir = {
	.lookup = proc_lookup, .list = proc_list,
};

/* --- boot --- */

/* The file of an area, for its line in maps. mmap_sem is held. */
static void name_area(const struct vm_area_struct *vma, struct maps_file *file,
		      char *buf, u32 size)
{
	struct inode *inode = vma->vm_file->f_inode;

	file->ino = inode->i_ino;
	file->minor = 1;
	inode_path(inode, buf, size);
}

static void print_meminfo(void)
{
	report_meminfo(&machine_nodes);
}

static void print_buddyinfo(void)
{
	report_buddyinfo(&machine_nodes);
}

static void print_zoneinfo(void)
{
	report_zoneinfo(&machine_nodes);
}

static void print_vmstat(void)
{
	report_vmstat(&machine_nodes);
}

static const struct report reports[] = {
	{ .name = "meminfo", .print = print_meminfo },
	{ .name = "buddyinfo", .print = print_buddyinfo },
	{ .name = "zoneinfo", .print = print_zoneinfo },
	{ .name = "slabinfo", .print = report_slabinfo },
	{ .name = "vmstat", .print = print_vmstat },
	{ .name = "swaps", .print = report_swaps },
};

static int __init add_report(const struct report *report)
{
	struct inode *inode = inode_alloc(S_IFREG | 0444, &text_fops, NULL);
	char path[32];
	int err;

	if (!inode)
		return -ENOMEM;
	inode->i_private = (void *)report;
	snprintf(path, sizeof(path), "/proc/%s", report->name);
	err = path_link(path, inode);
	iput(inode);
	return err;
}

void __init procfs_init(void)
{
	struct inode *dir;
	u32 i;
	int err = ramfs_mkdir("/proc", 0555);

	for (i = 0; !err && i < ARRAY_SIZE(reports); i++)
		err = add_report(&reports[i]);
	if (!err)
		err = path_lookup("/proc", &dir);
	if (err)
		panic("no memory for /proc");
	/* the user of the lookup stays: from now on nobody adds names */
	dir->i_dir = &proc_dir;
	maps_file_hook = name_area;
}
