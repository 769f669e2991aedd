/*
 * Bounce buffers: pages that a device reaches, in place of those that it does
 * not. ULK3 section 14.3 (bounce buffers).
 *
 * A device masters the bus with so many address bits: 24 on ISA, 32 on most of
 * PCI. Data in pages above is copied through pages below: a WRITE before it is
 * given to the device, a READ after the device is done.
 *
 * Two pools keep pages back, so that the way out of a shortage of memory does
 * not need memory: BOUNCE_PAGES of lowmem and BOUNCE_ISA_PAGES below 16 MB.
 * They are for when there is no other memory. Who takes pages of a pool does so
 * alone, and no transfer has more than a pool:
 * those in flight have all they need, end, and give theirs back. So
 * bounce_begin() always comes back, if two things hold:
 *
 *	who was given a bounce sends it off before it asks for another one;
 *	a transfer that was sent off ends by itself, and bounce_end() follows,
 *	without more memory and without another bounce.
 *
 * What a device reaches is told by dma_mask, the highest physical address: at
 * least BOUNCE_ISA_MASK, less is a BUG. All of lowmem within it: lowmem's pool.
 * Anything between 16 MB and the end of lowmem: the ISA pool.
 */
#ifndef MM_HIGH_BOUNCE_H
#define MM_HIGH_BOUNCE_H

#include <kernel/lib/types.h>
#include <mm/page/check.h>

#define BOUNCE_ISA_MASK 0xffffffU	/* 24 address lines: 16 MB */
#define BOUNCE_PAGES 64		/* as the reference's POOL_SIZE */
#define BOUNCE_ISA_PAGES 16	/* ISA_POOL_SIZE: 64 KB */

/* A piece of one page: bv_offset + bv_len <= PAGE_SIZE, bv_len not 0. */
struct bio_vec {
	struct page *bv_page;
	u32 bv_len;		/* bytes */
	u32 bv_offset;		/* bytes into the page */
};

struct bounce;

/*
 * debug=bounce: every page is bounced, also where the device reaches it. A test
 * may set it where bounce_ready(), and looks after putting it back.
 */
extern bool bounce_all;

/* Are there pools? Not where all of RAM lies below 16 MB, without debug=bounce:
 * nothing is out of reach there. */
bool bounce_ready(void);

/* Most pieces of one transfer to a device with that dma_mask: what its pool can
 * replace. 0: the boot found no page for the pool, so the device cannot be
 * used. Constant after bounce_init(). */
u32 bounce_limit(phys_addr_t dma_mask);

/* Is any of the nr pieces in a page that has bytes above dma_mask (or is
 * bounce_all set)? Any context. */
bool bounce_needed(const struct bio_vec *vec, u32 nr, phys_addr_t dma_mask);

/*
 * Takes a page for each piece that is out of reach (none may be); for a write
 * the data is copied there now. nr: 1 to bounce_limit(dma_mask), a BUG
 * otherwise. vec must stay until bounce_end(). Sleeps, with GFP_NOIO; no lock
 * held. Never NULL.
 */
struct bounce *bounce_begin(const struct bio_vec *vec, u32 nr,
			    phys_addr_t dma_mask, bool write);

/* The pieces for the device: as many as vec has, each as long as its own and at
 * the same offset; those within reach are vec's. They stay until
 * bounce_end(). Any context. */
const struct bio_vec *bounce_vec(const struct bounce *bounce);

/* How many of them are bounced. Any context. */
u32 bounce_count(const struct bounce *bounce);

/*
 * Copies back the first `bytes` of a read (0: nothing, as after an error; for a
 * write it does not matter), gives the pages back. What the device transferred
 * into pieces within reach is there anyway. Any context, hard interrupts too;
 * no lock held.
 */
void bounce_end(struct bounce *bounce, u32 bytes);

/* Pages that transfers have in use now, of both pools and beyond: "Bounce". */
u32 nr_bounce_pages(void);

/* Pages bounced since the start, of reads or of writes. */
u32 nr_bounced(bool write);

/*
 * The books from first principles: transfers, their pages, what pools keep.
 * Calls report for each difference; returns how many there are. Any context;
 * takes bounce_lock and, inside of it, the pools' locks.
 */
unsigned int check_bounce(check_report_t report);

/* Boot, in a thread. The ISA pool is filled here, too: later there may be no
 * pages below 16 MB. */
void bounce_init(void);

#endif
