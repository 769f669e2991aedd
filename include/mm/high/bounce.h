/*
 * Bounce buffers: pages that a device reaches, in place of those that it does
 * not. ULK3 section 14.3 (bounce buffers).
 *
 * A device masters the bus with so many address bits: 24 on ISA, 32 on most of
 * PCI. Data in pages above is copied through pages below: a WRITE before it is
 * given to the device, a READ after the device is done.
 *
 * Two pools keep pages back, so that the way out of a shortage of memory does
 * not need memory: BOUNCE_PAGES lowmem pages and BOUNCE_ISA_PAGES below 16 MB.
 * One transfer at a time gathers its pages (a mutex), and none has more than a
 * pool: those in flight have all they need, end, and give theirs back. So
 * bounce_begin() always comes back.
 */
#ifndef MM_HIGH_BOUNCE_H
#define MM_HIGH_BOUNCE_H

#include <kernel/lib/types.h>
#include <mm/page/page.h>

#define BOUNCE_PAGES 64		/* as the reference's POOL_SIZE */
#define BOUNCE_ISA_PAGES 16	/* ISA_POOL_SIZE: 64 KB */

/* A piece of one page: bv_offset + bv_len <= PAGE_SIZE, bv_len not 0. */
struct bio_vec {
	struct page *bv_page;
	u32 bv_len;		/* bytes */
	u32 bv_offset;		/* bytes into the page */
};

struct bounce;

/* debug=bounce: every page is bounced, also where the device reaches it. */
extern bool bounce_all;

/* Most pieces of one transfer to a device that reaches no further than
 * dma_mask, the highest physical address: what its pool can replace. */
u32 bounce_limit(phys_addr_t dma_mask);

/* Has any of the nr pieces bytes above dma_mask? Any context. */
bool bounce_needed(const struct bio_vec *vec, u32 nr, phys_addr_t dma_mask);

/*
 * Takes a page for each piece that is out of reach; for a write the data is
 * copied there now. nr: 1 to bounce_limit(dma_mask), a BUG otherwise. vec must
 * stay until bounce_end(). Sleeps, with GFP_NOIO; no lock held. Never NULL.
 */
struct bounce *bounce_begin(const struct bio_vec *vec, u32 nr,
			    phys_addr_t dma_mask, bool write);

/* The pieces for the device: nr of them, each as long as its own and at the
 * same offset; those within reach are vec's. */
const struct bio_vec *bounce_vec(const struct bounce *bounce);

/*
 * Copies back the first `bytes` of a read (0: nothing, as after an error and
 * for writes), gives the pages back. Any context, hard interrupts too; no lock.
 */
void bounce_end(struct bounce *bounce, u32 bytes);

/* Pages that transfers have in use now, of both pools and beyond: "Bounce". */
u32 nr_bounce_pages(void);

/* Boot, in a thread. The ISA pool is filled here, too: later there may be no
 * pages below 16 MB. */
void bounce_init(void);

#endif
