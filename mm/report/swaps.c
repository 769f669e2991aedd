#include <kernel/base/printk.h>
#include <mm/reclaim/swap.h>
#include <mm/report/swaps.h>

#define KB_OF_PAGE (PAGE_SIZE / 1024)

void report_swaps(void)
{
	struct swap_area_info info;
	u32 place = 0;

	printk("%-40s%-12s%10s%10s  %s\n", "Filename", "Type", "Size", "Used",
	       "Priority");
	while (next_swap_area(&info, &place))
		printk("%-40s%-12s%10u%10u  %d\n", info.name,
		       info.is_file ? "file" : "partition",
		       info.usable * KB_OF_PAGE, info.inuse * KB_OF_PAGE,
		       info.prio);
}
