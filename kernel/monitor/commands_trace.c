/*
 * The life of one page at the prompt. Events are noted where they happen and
 * printed by a thread, a tenth of a second later at most: nobody who changes a
 * page waits for the console.
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>
#include <kernel/monitor/monitor.h>
#include <kernel/sched/wait.h>
#include <mm/page/page_trace.h>
#include <mm/report/page_trace.h>
#include <mm/report/whatis.h>
#include <mm/table/layout.h>

#define LINES_AT_ONCE 16U	/* guessed: what 115200 baud carry in 0.1 s */

static struct task *follower;

static int follow(void *unused)
{
	DECLARE_WAIT_QUEUE_HEAD(nobody);
	u32 next = 0;
	bool stop;

	do {
		wait_event_interruptible_timeout(nobody, false,
						 msecs_to_jiffies(100));
		/* before the look: what happened until then is printed */
		stop = kthread_should_stop();
		if (page_trace_events() != next)
			next = report_page_trace_from(next, LINES_AT_ONCE);
	} while (!stop);
	return 0;
}

static void trace_off(void)
{
	page_trace_start(NULL);
	if (follower)
		kthread_stop(follower);
	follower = NULL;
}

static void trace_frame(const char *text)
{
	u64 pfn;

	if (parse_hex(text, &pfn) || pfn >= MAX_PHYS_LIMIT >> PAGE_SHIFT)
		printk("trace: %s is no frame: up to 6 hexadecimal digits "
		       "were expected\n", text);
	else if (!pfn_valid(pfn))
		printk("trace: frame 0x%llx is no RAM\n", pfn);
	else if (PageReserved(pfn_to_page((u32)pfn)))
		printk("trace: frame 0x%llx is reserved for good: nothing "
		       "happens to it\n", pfn);
	else {
		trace_off();
		report_frame(pfn);
		page_trace_start(pfn_to_page((u32)pfn));
		follower = kthread_run(follow, NULL, "pagetrace");
		if (!follower)
			printk("trace: no memory for a thread that prints; "
			       "`trace page' shows what happened\n");
	}
}

static int cmd_trace(int argc, char **argv)
{
	if (argc < 2 || argc > 3 || strcmp(argv[1], "page"))
		return -EINVAL;
	if (argc == 2)
		report_page_trace();
	else if (!strcmp(argv[2], "off"))
		trace_off();
	else
		trace_frame(argv[2]);
	return 0;
}

MONITOR_COMMAND(trace, "page [PFN | off]",
		"every state that a page goes through", cmd_trace);
