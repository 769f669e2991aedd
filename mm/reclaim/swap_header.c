/*
 * The first page of a swap area, as mkswap of util-linux writes it.
 *
 *	offset	bytes
 *	0	1024	a boot loader's, or nothing
 *	1024	4	version: 1
 *	1028	4	the last page of the area
 *	1032	4	how many bad pages follow
 *	1036	16	UUID
 *	1052	16	label
 *	1068	468	nothing
 *	1536	4 each	bad pages
 *	4086	10	"SWAPSPACE2"
 *
 * All of it is somebody else's: nothing is believed. A page that is bad twice
 * would be counted twice, so each is looked for among those before it; there
 * are 637 at most.
 */
#include <kernel/lib/string.h>
#include <mm/reclaim/swap.h>

#define LABEL_BYTES 16U
#define MAGIC_BYTES 10U
#define MAGIC_AT (PAGE_SIZE - MAGIC_BYTES)
#define BADPAGES_AT 1536U
#define BADPAGES_MOST ((MAGIC_AT - BADPAGES_AT) / 4)	/* derived: 637 */

struct on_disk {
	u8 boot[1024];
	u32 version, last_page, nr_badpages;
	u8 uuid[16];
	char label[LABEL_BYTES];
	u32 padding[117];
	u32 badpages[BADPAGES_MOST];
};

_Static_assert(offsetof(struct on_disk, badpages) == BADPAGES_AT,
	       "the header of a swap area has holes");

static u32 other_byte_order(u32 n)
{
	return n >> 24 | (n >> 8 & 0xff00) | (n << 8 & 0xff0000) | n << 24;
}

static const char *judge_magic(const u8 *magic)
{
	if (!memcmp(magic, "SWAPSPACE2", MAGIC_BYTES))
		return NULL;
	if (!memcmp(magic, "SWAP-SPACE", MAGIC_BYTES))
		return "it is of the old kind, version 0";
	if (!memcmp(magic, "S1SUSPEND", 9) || !memcmp(magic, "S2SUSPEND", 9))
		return "a machine that sleeps has its memory there";
	return "it has no signature of mkswap";
}

static const char *judge_numbers(const struct on_disk *h, u32 pages)
{
	if (h->version == other_byte_order(1))
		return "it was made for the other byte order";
	if (h->version != 1)
		return "its version is not known";
	if (!h->last_page)
		return "it has no slots";
	if (h->last_page >= pages)
		return "it is longer than the device";
	if (h->last_page > SWAP_OFFSET_MOST)
		return "it has more slots than an entry can say";
	if (h->nr_badpages > BADPAGES_MOST)
		return "it has more bad pages than can be listed";
	if (h->nr_badpages >= h->last_page)
		return "all of its pages are bad";
	return NULL;
}

static const char *judge_badpages(const struct on_disk *h)
{
	u32 i, k;

	for (i = 0; i < h->nr_badpages; i++) {
		if (!h->badpages[i] || h->badpages[i] > h->last_page)
			return "a bad page is not within it";
		for (k = 0; k < i; k++)
			if (h->badpages[k] == h->badpages[i])
				return "a bad page is listed twice";
	}
	return NULL;
}

/* It is printed: what is no letter becomes a question mark. */
static void copy_label(char *to, const char *label)
{
	u32 i;

	for (i = 0; i < LABEL_BYTES && label[i]; i++) {
		to[i] = label[i];
		if (label[i] < ' ' || label[i] > '~')
			to[i] = '?';
	}
	to[i] = '\0';
}

const char *swap_header_parse(const void *page, u32 pages,
			      struct swap_header *header)
{
	const struct on_disk *h = page;
	const char *wrong = judge_magic((const u8 *)page + MAGIC_AT);

	if (!wrong)
		wrong = judge_numbers(h, pages);
	if (!wrong)
		wrong = judge_badpages(h);
	if (wrong)
		return wrong;
	header->last_page = h->last_page;
	header->nr_badpages = h->nr_badpages;
	header->badpages = h->badpages;
	memcpy(header->uuid, h->uuid, sizeof(header->uuid));
	copy_label(header->label, h->label);
	return NULL;
}
