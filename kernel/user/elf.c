/*
 * 1. A program is a file whose header says where its program headers are, and
 *    each of those says which bytes of the file come to which address. The
 *    section headers are the linker's and the debugger's: nobody looks.
 *
 * 2. All is judged before anything is mapped. Whoever maps may then trust every
 *    number: no sum wraps, no two segments share a page, nothing is outside of
 *    the file or of the program's half of the addresses.
 *
 * 3. Each reason for a refusal is one sentence, in the order in which a reader
 *    of the file meets the fault. Numbers of 32 bits are added as 64.
 *
 * Cost: one pass over at most ELF_HEADERS_MAX headers.
 */
#include <kernel/cpu/page.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <kernel/user/elf.h>

#define ET_EXEC 2
#define EM_386 3

#define PT_LOAD 1U
#define PT_DYNAMIC 2U
#define PT_INTERP 3U
#define PT_GNU_STACK 0x6474e551U

struct elf_header {
	u8 ident[16];
	u16 type, machine;
	u32 version, entry, phoff, shoff, flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct program_header {
	u32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

_Static_assert(sizeof(struct elf_header) == 52, "the ELF header");
_Static_assert(sizeof(struct program_header) == 32, "a program header");

/* magic, 32 bits, least significant byte first, version 1 */
static const u8 ident[] = { 0x7f, 'E', 'L', 'F', 1, 1, 1 };

static const char *judge_header(const struct elf_header *h, u32 size)
{
	if (memcmp(h->ident, ident, 4))
		return "it is no ELF file";
	if (memcmp(h->ident, ident, sizeof(ident)))
		return "it is not of 32 bits, least significant byte first";
	if (h->machine != EM_386)
		return "it is for another machine";
	if (h->type != ET_EXEC)
		return "it is no program with fixed addresses";
	if (h->phentsize != sizeof(struct program_header))
		return "its program headers have a strange size";
	if (!h->phnum || h->phnum > ELF_HEADERS_MAX)
		return "it has no program headers, or too many";
	if (h->phoff + (u64)h->phnum * sizeof(struct program_header) > size)
		return "its program headers are not at its begin";
	return NULL;
}

static const char *judge_load(const struct program_header *p, u32 file_size,
			      const struct elf_limits *limits)
{
	if (p->filesz > p->memsz)
		return "a segment has more in the file than in memory";
	if ((u64)p->offset + p->filesz > file_size)
		return "a segment ends behind the file";
	if ((p->vaddr ^ p->offset) & (PAGE_SIZE - 1))
		return "a segment is not aligned in the file as in memory";
	if (p->vaddr < limits->low ||
	    (u64)p->vaddr + p->memsz > limits->high)
		return "a segment is where no program may be";
	if (p->memsz > p->filesz && !(p->flags & PF_W))
		return "a segment that is read-only has bytes to clear";
	return NULL;
}

static const char *add_segment(const struct program_header *p,
			       struct elf_image *image)
{
	if (image->nr_segments == ELF_SEGMENTS_MAX)
		return "it has too many segments";
	if (image->nr_segments &&
	    ALIGN_DOWN(p->vaddr, PAGE_SIZE) < image->end)
		return "its segments overlap, or do not ascend";
	image->segment[image->nr_segments++] = (struct elf_segment){
		.vaddr = p->vaddr, .memsz = p->memsz,
		.offset = p->offset, .filesz = p->filesz,
		.flags = p->flags & (PF_R | PF_W | PF_X),
	};
	image->end = p->vaddr + p->memsz;
	return NULL;
}

static const char *take(const struct program_header *p, u32 file_size,
			const struct elf_limits *limits,
			struct elf_image *image)
{
	const char *wrong;

	switch (p->type) {
	case PT_INTERP:
	case PT_DYNAMIC:
		return "it needs shared libraries";
	case PT_GNU_STACK:
		image->exec_stack = p->flags & PF_X;
		return NULL;
	case PT_LOAD:
		if (!p->memsz)
			return NULL;
		wrong = judge_load(p, file_size, limits);
		return wrong ? wrong : add_segment(p, image);
	}
	return NULL;
}

static const struct elf_segment *segment_at(const struct elf_image *image,
					    u32 address)
{
	u32 i;

	for (i = 0; i < image->nr_segments; i++)
		if (address - image->segment[i].vaddr < image->segment[i].memsz)
			return &image->segment[i];
	return NULL;
}

/* Where the program sees its own program headers, if it does. */
static void find_phdr(const struct elf_header *h, struct elf_image *image)
{
	u32 bytes = h->phnum * (u32)sizeof(struct program_header), i;

	image->phnum = h->phnum;
	for (i = 0; i < image->nr_segments; i++) {
		const struct elf_segment *s = &image->segment[i];

		if (h->phoff >= s->offset &&
		    (u64)h->phoff + bytes <= (u64)s->offset + s->filesz) {
			image->phdr = s->vaddr + (h->phoff - s->offset);
			return;
		}
	}
}

static const char *judge_image(const struct elf_image *image)
{
	const struct elf_segment *first;

	if (!image->nr_segments)
		return "there is nothing to load";
	first = segment_at(image, image->entry);
	if (!first || !(first->flags & PF_X))
		return "it begins where nothing can be executed";
	return NULL;
}

static const char *parse(const u8 *head, u32 size, u32 file_size,
			 const struct elf_limits *limits,
			 struct elf_image *image)
{
	struct program_header p;
	const char *wrong;
	struct elf_header h;
	u32 i;

	if (size < sizeof(h))
		return "it is too short";
	memcpy(&h, head, sizeof(h));
	wrong = judge_header(&h, size);
	image->entry = h.entry;
	/* what has no such header is old, and may do what it likes */
	image->exec_stack = true;
	for (i = 0; !wrong && i < h.phnum; i++) {
		memcpy(&p, head + h.phoff + i * sizeof(p), sizeof(p));
		wrong = take(&p, file_size, limits, image);
	}
	if (wrong)
		return wrong;
	find_phdr(&h, image);
	return judge_image(image);
}

int elf_parse(const void *head, u32 size, u32 file_size,
	      const struct elf_limits *limits, struct elf_image *image,
	      const char **why)
{
	memset(image, 0, sizeof(*image));
	*why = parse(head, size, file_size, limits, image);
	return *why ? -ENOEXEC : 0;
}
