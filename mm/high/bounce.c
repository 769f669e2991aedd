/* Bounce buffers where every page is within reach of every device. */
#include <kernel/lib/bug.h>
#include <mm/high/bounce.h>

bool bounce_all;

u32 bounce_limit(phys_addr_t dma_mask)
{
	return dma_mask < 0xffffffff ? BOUNCE_ISA_PAGES : BOUNCE_PAGES;
}

bool bounce_needed(const struct bio_vec *vec, u32 nr, phys_addr_t dma_mask)
{
	return false;
}

struct bounce *bounce_begin(const struct bio_vec *vec, u32 nr,
			    phys_addr_t dma_mask, bool write)
{
	BUG("a bounce that nobody needs");
	return NULL;
}

const struct bio_vec *bounce_vec(const struct bounce *bounce)
{
	return NULL;
}

void bounce_end(struct bounce *bounce, u32 bytes)
{
}

u32 nr_bounce_pages(void)
{
	return 0;
}

void bounce_init(void)
{
}
