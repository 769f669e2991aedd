/* Swap areas, as Linux's /proc/swaps shows them. */
#ifndef MM_REPORT_SWAPS_H
#define MM_REPORT_SWAPS_H

/* Name, kind, KB of slots, KB in use, priority; a line each. May sleep. */
void report_swaps(void);

#endif
