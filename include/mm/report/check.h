/* Is the memory subsystem sound? DESIGN section 7. */
#ifndef MM_REPORT_CHECK_H
#define MM_REPORT_CHECK_H

/*
 * Recomputes what every allocator has noted, from first principles. Each
 * difference is an error in the log; returns how many there are. Any context,
 * but it reads all of mem_map: not while others wait.
 */
unsigned int mm_check(void);

#endif
