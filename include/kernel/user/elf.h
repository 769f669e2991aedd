/*
 * Static i386 programs in ELF: reading their headers. Pure: any bytes may be
 * given, at any address and in any context; nothing is printed or kept.
 * Tool Interface Standard, ELF 1.2, book I chapters 1 and 2.
 */
#ifndef KERNEL_USER_ELF_H
#define KERNEL_USER_ELF_H

#include <kernel/lib/compiler.h>

#define ELF_SEGMENTS_MAX 16	/* guessed: linkers make two to five */
#define ELF_HEADERS_MAX 64	/* guessed: four times that, for the notes */

/* Bytes of the file's begin that elf_parse() may need at most: a page. */
#define ELF_HEAD_MAX 4096

#define PF_X 1U
#define PF_W 2U
#define PF_R 4U

/* What is to be mapped: bytes [offset, offset + filesz) of the file at vaddr,
 * zeros behind them up to memsz. vaddr and offset agree below the page size. */
struct elf_segment {
	u32 vaddr, memsz;
	u32 offset, filesz;	/* filesz <= memsz */
	u32 flags;		/* PF_R, PF_W, PF_X */
};

struct elf_image {
	u32 entry;		/* inside of a segment with PF_X */
	u32 end;		/* first byte behind the last segment */
	u32 phdr;		/* where its program headers are mapped, or 0 */
	u32 phnum;
	bool exec_stack;	/* it wants to execute what is on its stack */
	u32 nr_segments;	/* at least 1 */
	struct elf_segment segment[ELF_SEGMENTS_MAX];	/* ascending */
};

/* The addresses that a program may have: those from low to high. */
struct elf_limits {
	u32 low, high;
};

/*
 * Fills *image from the first size bytes of a file of file_size bytes (size:
 * all of it, or ELF_HEAD_MAX). 0; or -ENOEXEC, and *why is what is wrong, as
 * the end of a sentence; then image is to be thrown away.
 *
 * What it promises of segments: no two have a page in common, all lie in the
 * limits and all their bytes of the file exist. Only a segment that can be
 * written has zeros behind its bytes.
 */
int elf_parse(const void *head, u32 size, u32 file_size,
	      const struct elf_limits *limits, struct elf_image *image,
	      const char **why);

#endif
