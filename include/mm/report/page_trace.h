/*
 * What was noted of the page that is traced (<mm/page/page_trace.h>), a line an
 * event, through printk(). Any context.
 */
#ifndef MM_REPORT_PAGE_TRACE_H
#define MM_REPORT_PAGE_TRACE_H

#include <kernel/lib/types.h>

/* Which page it is, and all that is kept of it. */
void report_page_trace(void);

/* Only events from the n-th on, and of these the newest `most`, with a line
 * that says how many others there were. Which one comes next. */
u32 report_page_trace_from(u32 n, u32 most);

/* Words for the flags of a page, with a blank before each; " none". */
void report_page_flags(u32 flags);

#endif
