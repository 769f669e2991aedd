/* What is where, for people: through pr_info() in boot, printk() after it. */
#ifndef MM_REPORT_MEMORY_H
#define MM_REPORT_MEMORY_H

/* The sanitised map of the firmware. */
void report_memory_map(void);

/* Every range of RAM and who has it, free ones too; then the sums. */
void report_owners(void);

/* The address map of the kernel with its real numbers. */
void report_layout(void);

/* Nodes and zones with their marks, and what the page allocator costs. */
void report_zones(void);

#endif
