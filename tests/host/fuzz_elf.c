/*
 * Programs: the input is the file. What is taken keeps every promise that
 * elf.h makes to who maps it.
 */
#include "fuzz.h"
#include <kernel/lib/errno.h>
#include <kernel/user/elf.h>

#define LOW 0x10000U
#define HIGH 0xc0000000U

static void segment_must_be_sound(const struct elf_image *image, u32 i,
				  u32 file_size)
{
	const struct elf_segment *s = &image->segment[i];
	u64 end = (u64)s->vaddr + s->memsz, before;

	MUST(s->memsz && s->filesz <= s->memsz);
	MUST(s->vaddr >= LOW && end <= HIGH && end <= image->end);
	MUST((u64)s->offset + s->filesz <= file_size);
	MUST(!((s->vaddr ^ s->offset) & 4095));
	MUST(s->filesz == s->memsz || s->flags & PF_W);
	MUST(!(s->flags & ~7U));
	if (!i)
		return;
	before = (u64)s[-1].vaddr + s[-1].memsz;
	MUST((before + 4095) >> 12 <= s->vaddr >> 12);
}

static bool entry_is_code(const struct elf_image *image)
{
	u32 i;

	for (i = 0; i < image->nr_segments; i++)
		if (image->entry - image->segment[i].vaddr <
		    image->segment[i].memsz)
			return image->segment[i].flags & PF_X;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct elf_limits limits = { LOW, HIGH };
	/* files may be longer than what is looked at */
	u32 file_size = (u32)size + 0x10000, i;
	struct elf_image image;
	const char *why;
	u8 *file;
	int err;

	host_reset();
	file = malloc(size ? size : 1);		/* and not a byte longer */
	memcpy(file, data, size);
	err = elf_parse(file, (u32)size, file_size, &limits, &image, &why);
	MUST(err == (why ? -ENOEXEC : 0));
	if (!err) {
		MUST(image.nr_segments >= 1);
		MUST(image.nr_segments <= ELF_SEGMENTS_MAX);
		for (i = 0; i < image.nr_segments; i++)
			segment_must_be_sound(&image, i, file_size);
		MUST(entry_is_code(&image));
	}
	free(file);
	return 0;
}
