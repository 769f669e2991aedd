#include <kernel/lib/string.h>
#include <mm/high/highmem.h>
#include "disks.h"
#include "ktest.h"

#define SECTOR_WORDS (SECTOR_SIZE / 4)

static u32 word(u32 sector, u32 gen, u32 i)
{
	if (i < 2)
		return i ? gen : sector;
	return (sector * 0x9e3779b1U ^ gen * 0x85ebca6bU) + i * 0xc2b2ae35U;
}

static void fill_sector(u32 *to, u32 sector, u32 gen)
{
	u32 i;

	for (i = 0; i < SECTOR_WORDS; i++)
		to[i] = word(sector, gen, i);
}

static bool sector_is(const u32 *at, u32 sector, u32 gen)
{
	u32 i;

	for (i = 0; i < SECTOR_WORDS; i++)
		if (at[i] != word(sector, gen, i))
			return false;
	return true;
}

void fill_pieces(const struct bio_vec *vec, u32 nr, u32 sector,
		 const u32 *gens)
{
	u32 i, at;

	for (i = 0; i < nr; i++) {
		u8 *page = kmap_atomic(vec[i].bv_page);

		for (at = 0; at < vec[i].bv_len; at += SECTOR_SIZE)
			fill_sector((void *)(page + vec[i].bv_offset + at),
				    sector++, *gens++);
		kunmap_atomic(page);
	}
}

bool pieces_are(const struct bio_vec *vec, u32 nr, u32 sector,
		const u32 *gens)
{
	bool same = true;
	u32 i, at;

	for (i = 0; i < nr; i++) {
		const u8 *page = kmap_atomic(vec[i].bv_page);

		for (at = 0; at < vec[i].bv_len; at += SECTOR_SIZE)
			same &= sector_is((const void *)
					  (page + vec[i].bv_offset + at),
					  sector++, *gens++);
		kunmap_atomic(page);
	}
	return same;
}

int disk_io(struct block_device *bdev, u32 rw, u32 sector,
	    const struct bio_vec *vec, u32 nr, struct bio *bio)
{
	memset(bio, 0, sizeof(*bio));
	bio->bdev = bdev;
	bio->sector = sector;
	bio->rw = rw;
	bio->vcnt = nr;
	bio->vec = vec;
	return submit_bio_wait(bio);
}

static bool read_label(struct block_device *bdev, struct disk_label *label)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct bio_vec vec = { page, SECTOR_SIZE, 0 };
	bool labelled = false;
	struct bio bio;

	if (!page)
		return false;
	if (!disk_io(bdev, READ, 0, &vec, 1, &bio)) {
		memcpy(label, page_address(page), sizeof(*label));
		labelled = !memcmp(label->magic, DISK_MAGIC,
				   sizeof(DISK_MAGIC));
	}
	__free_page(page);
	return labelled;
}

u32 find_test_disks(struct test_disk disks[TEST_DISKS_MOST])
{
	static const char *const names[] = { "hda", "hdb", "hdc", "hdd" };
	u32 i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct block_device *bdev = find_disk(names[i]);

		if (bdev && read_label(bdev, &disks[nr].label))
			disks[nr++].bdev = bdev;
	}
	if (!nr)
		test_skip("no disk is marked as one for tests");
	return nr;
}
