/*
 * What ps, maps and pagetable tell: processes in each state, areas as lines of
 * Linux's /proc/PID/maps, spaces that go while somebody looks.
 */
#include <kernel/lib/printf.h>
#include <kernel/user/report.h>
#include <mm/report/maps.h>
#include <mm/report/walk.h>
#include "flat_user.h"
#include "user_space.h"

/* What printk() prints between the two calls: test_cmdline.c. */
void record_start(void);
const char *record_stop(void);

#define EXIT "movl $1, %eax; int $0x80\n\t"

/* --- ps --- */

/* Sleeps 30 ms, then ends. */
FLAT_PROGRAM(sleeps, "pushl $30000000; pushl $0; movl %esp, %ebx\n\t"
	     "xorl %ecx, %ecx; movl $162, %eax; int $0x80\n\t" EXIT);

static bool info_of(u32 pid, struct process_info *info)
{
	return next_process_info(pid, info) && info->pid == pid;
}

TEST(ps, a_process_comes_and_goes)
{
	struct process_info info;
	struct process *process;
	struct pt_regs start;
	u32 pid;

	REQUIRE(flat_begin(sleeps, sleeps_end));
	user_regs(&start, FLAT_CODE, FLAT_STACK_TOP);
	process = process_start(&start, "sleeps");
	REQUIRE(process);
	pid = process->task->pid;
	msleep(10);
	EXPECT(info_of(pid, &info));
	EXPECT_STREQ(info.name, "sleeps");
	EXPECT_EQ(info.ppid, 1);
	EXPECT(info.state == 'S' || info.state == 'D');
	EXPECT(!info.vsz && !info.rss && !process_mm(pid));
	process_join(process, NULL);
	EXPECT(!info_of(pid, &info));
	flat_end();
}

/* Nobody waits: it goes by itself, early or late. */
TEST(ps, a_process_that_is_let_go)
{
	struct process_info info;
	struct process *process;
	struct pt_regs start;
	u32 i, pid;

	REQUIRE(flat_begin(sleeps, sleeps_end));
	for (i = 0; i < 2; i++) {
		user_regs(&start, FLAT_CODE, FLAT_STACK_TOP);
		process = process_start(&start, "sleeps");
		REQUIRE(process);
		pid = process->task->pid;
		msleep(i ? 60 : 5);
		EXPECT_EQ(info_of(pid, &info), !i);
		process_release(process);
		msleep(60);
		EXPECT(!info_of(pid, &info));
	}
	flat_end();
}

/* The child ends at once; its parent does not wait for it, but for 900 ms. */
FLAT_PROGRAM(leaves_a_zombie,
	     "movl $2, %eax; int $0x80; testl %eax, %eax; jz 1f\n\t"
	     "movl %eax, %esi\n\t"
	     "pushl $900000000; pushl $0; movl %esp, %ebx\n\t"
	     "xorl %ecx, %ecx; movl $162, %eax; int $0x80\n"
	     "1:\tmovl $1, %eax; int $0x80");

TEST(ps, a_child_that_has_ended)
{
	struct process_info info;
	struct process *process;
	struct pt_regs start, r;
	u32 pid, tries;

	REQUIRE(flat_begin(leaves_a_zombie, leaves_a_zombie_end));
	user_regs(&start, FLAT_CODE, FLAT_STACK_TOP);
	process = process_start(&start, "parent");
	REQUIRE(process);
	pid = process->task->pid;
	/* the parent sleeps for 900 ms; the machine may be slow */
	for (tries = 0; tries < 80; tries++) {
		msleep(10);
		if (next_process_info(pid + 1, &info) && info.state == 'Z')
			break;
	}
	EXPECT_EQ(info.ppid, pid);
	EXPECT_EQ(info.state, 'Z');
	EXPECT(!process_mm(info.pid));
	process_join(process, &r);
	EXPECT_EQ(r.esi, info.pid);
	EXPECT(!info_of(info.pid, &info));
	flat_end();
}

TEST(ps, printed)
{
	u32 ps_lines = 0;
	const char *text;

	record_start();
	report_processes();
	text = record_stop();
	EXPECT(!strncmp(text, "  PID  PPID S    VSZ    RSS COMMAND\n", 36));
	for (; *text; text++)
		ps_lines += *text == '\n';
	EXPECT(ps_lines >= 1);
}

/* --- maps --- */

static const char maps_wanted[] =
	"40000000-40001000 r--p 00000000 00:00 0 \n"
	"40001000-40003000 rw-p 00000000 00:00 0 \n"
	"40010000-40011000 ---p 00000000 00:00 0 \n"
	"40020000-40022000 rwxp 00000000 00:00 0          [heap]\n"
	"40100000-40102000 rw-p 00000000 00:00 0          [stack]\n";

static struct mm_struct *some_areas(void)
{
	struct mm_struct *mm = space_begin();
	u32 heap = USER + 0x20000, stack = USER + 0x100000;

	if (!mm)
		return NULL;
	EXPECT_EQ(map_pages(mm, USER, 3, RW, MAP_FIXED), USER);
	EXPECT_EQ(protect_pages(mm, USER, 1, PROT_READ), 0);
	EXPECT_EQ(map_pages(mm, USER + 0x10000, 1, PROT_NONE, MAP_FIXED),
		  USER + 0x10000);
	mm->start_data = mm->start_brk = mm->brk = heap;
	EXPECT_EQ(mm_brk(mm, heap + PAGE_SIZE + 1), heap + PAGE_SIZE + 1);
	EXPECT_EQ(map_pages(mm, stack, 2, RW, MAP_FIXED | MAP_GROWSDOWN),
		  stack);
	mm->start_stack = stack + 0x1f00;
	return mm;
}

TEST(ps, maps_as_linux_writes_them)
{
	struct mm_struct *mm = some_areas();

	REQUIRE(mm);
	record_start();
	report_maps(mm);
	EXPECT_STREQ(record_stop(), maps_wanted);
	space_end(mm);
}

/* Whatever the buffer holds, the lines are the same, and whole. */
TEST(ps, maps_in_pieces)
{
	static char whole[sizeof(maps_wanted)];
	struct mm_struct *mm = some_areas();
	u32 size, at, n, used;
	char piece[160];

	REQUIRE(mm);
	for (size = 60; size <= sizeof(piece); size += 7) {
		used = at = 0;
		while ((n = maps_text(mm, &at, piece, size))) {
			if (!EXPECT(n < size && used + n < sizeof(whole) &&
				    piece[n - 1] == '\n' && !piece[n]))
				break;
			memcpy(whole + used, piece, n);
			used += n;
		}
		whole[used] = 0;
		EXPECT_STREQ(whole, maps_wanted);
	}
	/* there is no room even for one */
	at = 0;
	EXPECT(maps_text(mm, &at, piece, 40) == 0 && at == 0);
	space_end(mm);
}

static void name_of_file(const struct vm_area_struct *vma,
			 struct maps_file *file, char *buf, u32 size)
{
	*file = (struct maps_file){ 3, 65, 1234567 };
	strlcpy(buf, (const char *)vma->vm_file, size);
}

TEST(ps, maps_of_files)
{
	void (*before)(const struct vm_area_struct *vma,
		       struct maps_file *file, char *buf, u32 size) =
		maps_file_hook;
	struct mm_struct *mm = space_begin();
	char line[MAPS_LINE_MAX];
	u32 at = 0;

	REQUIRE(mm && map_pages(mm, USER, 1, PROT_READ, MAP_FIXED) == USER);
	mm->mmap->vm_file = (struct file *)"/bin/a";
	mm->mmap->vm_pgoff = 0x12;
	maps_file_hook = name_of_file;
	maps_text(mm, &at, line, sizeof(line));
	EXPECT_STREQ(line, "40000000-40001000 r--p 00012000 03:41 1234567"
		     "    /bin/a\n");
	maps_file_hook = before;
	mm->mmap->vm_file = NULL;
	mm->mmap->vm_pgoff = USER >> PAGE_SHIFT;
	space_end(mm);
}

/* --- pagetable --- */

TEST(ps, leaves_of_a_space)
{
	struct mm_struct *mm = space_begin();
	u32 frame, nx = supported_pte_mask & _PAGE_NX ? 'X' : '-';
	char wanted[40];

	REQUIRE(mm && map_pages(mm, USER, 2, RW, MAP_FIXED) == USER);
	EXPECT(poke(USER + PAGE_SIZE, 1));
	frame = (u32)page_to_pfn(page_at(mm, USER + PAGE_SIZE));
	record_start();
	report_leaves(&mm->pgd, 0, TASK_SIZE - 1);
	snprintf(wanted, sizeof(wanted), "%08x %010llx 4K -WU-%c\n",
		 USER + PAGE_SIZE, (u64)frame << PAGE_SHIFT, (char)nx);
	EXPECT_STREQ(record_stop(), wanted);
	space_end(mm);
}

TEST(ps, the_space_of_a_thread)
{
	struct mm_struct *mm = space_begin();

	REQUIRE(mm);
	EXPECT(get_task_mm(current) == mm);
	EXPECT_EQ(atomic_read(&mm->mm_users), 3);
	mmput(mm);
	unuse_mm();
	EXPECT(!get_task_mm(current));
	mmput(mm);
}
