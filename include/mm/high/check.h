/*
 * Windows from first principles. DESIGN section 7. Any context; takes the
 * pool's lock, and interrupts are off meanwhile.
 */
#ifndef MM_HIGH_CHECK_H
#define MM_HIGH_CHECK_H

#include <mm/high/kmap_pool.h>
#include <mm/page/check.h>

/*
 * A window is free, not mapped and of no bucket, or it shows its page, which no
 * other window does, and its bucket has it once. Each difference is a sentence
 * to report; returns how many there are.
 */
unsigned int check_kmap_pool(struct kmap_pool *pool, check_report_t report);

/* The windows of this CPU: those that are open show a page; what lies between
 * them, and with debug=highmem those that are closed, show nothing. */
unsigned int check_kmap_atomic(check_report_t report);

#endif
