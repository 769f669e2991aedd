/*
 * For cases that take all memory there is: in between nobody dies of it. What
 * nobody can be killed for fails, as if there were no out_of_memory(): NULL.
 * Not for two at once.
 *
 *	exhaust_begin();
 *	while ((p = alloc_page(GFP_KERNEL | __GFP_NOWARN)))
 *		...
 *	(all of it goes back)
 *	exhaust_end();
 *
 * Others who run meanwhile (kswapd, the prompt) get NULL, too.
 */
#ifndef TESTS_KERNEL_EXHAUST_H
#define TESTS_KERNEL_EXHAUST_H

void exhaust_begin(void);
void exhaust_end(void);

#endif
