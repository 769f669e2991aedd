/*
 * Headers of swap areas: the input is the number of pages of the device, the
 * end of the page, and what it has from the version on. What is taken keeps
 * every promise that swap.h makes.
 */
#include "fuzz.h"
#include <kernel/cpu/page.h>
#include <mm/reclaim/swap.h>

#define FRONT 14U		/* bytes of the input: pages, signature */

static void header_must_be_sound(const struct swap_header *h, u32 pages)
{
	u32 i, k;

	MUST(h->last_page && h->last_page < pages);
	MUST(h->last_page <= SWAP_OFFSET_MOST);
	MUST(h->nr_badpages < h->last_page);
	for (i = 0; i < h->nr_badpages; i++) {
		MUST(h->badpages[i] && h->badpages[i] <= h->last_page);
		for (k = 0; k < i; k++)
			MUST(h->badpages[k] != h->badpages[i]);
	}
	MUST(strnlen(h->label, sizeof(h->label)) < sizeof(h->label));
	for (i = 0; h->label[i]; i++)
		MUST(h->label[i] >= ' ' && h->label[i] <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct swap_header header;
	const char *why;
	u32 pages;
	u8 *page;

	if (size < FRONT || size - FRONT > PAGE_SIZE - 1024 - 10)
		return 0;
	host_reset();
	page = calloc(1, PAGE_SIZE);		/* and not a byte longer */
	memcpy(&pages, data, 4);
	memcpy(page + PAGE_SIZE - 10, data + 4, 10);
	memcpy(page + 1024, data + FRONT, size - FRONT);
	why = swap_header_parse(page, pages, &header);
	if (why)
		MUST(*why);
	else
		header_must_be_sound(&header, pages);
	free(page);
	return 0;
}
