/* Boot, once the command line was read: debug=locks, and reports in words. */
#ifndef KERNEL_BASE_LOCK_REPORT_H
#define KERNEL_BASE_LOCK_REPORT_H

void lock_checks_init(void);

#endif
