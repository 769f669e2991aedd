/*
 * The headers of programs: one good one, and each way in which one may be bad,
 * made by changing one number of it. Runs on the host as well.
 */
#include <kernel/lib/errno.h>
#include <kernel/user/elf.h>
#include "ktest.h"

#define HEADERS 4
#define FILE_SIZE 0x3000U

struct program_header {
	u32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

/* As a linker makes it, little of it needed. */
static struct program {
	u8 ident[16];
	u16 type, machine;
	u32 version, entry, phoff, shoff, flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
	struct program_header header[HEADERS];
} good = {
	.ident = { 0x7f, 'E', 'L', 'F', 1, 1, 1 },
	.type = 2, .machine = 3, .version = 1, .entry = 0x08048100,
	.phoff = 52, .ehsize = 52, .phentsize = 32, .phnum = HEADERS,
	.header = {
		{ 1, 0, 0x08048000, 0, 0x1234, 0x1234, PF_R | PF_X, 4096 },
		{ 1, 0x1ff0, 0x0804aff0, 0, 0x100, 0x2110, PF_R | PF_W, 4096 },
		{ 4, 0x40, 0x08048040, 0, 0x20, 0x20, PF_R, 4 },
		{ 0x6474e551, 0, 0, 0, 0, 0, PF_R | PF_W, 16 },
	},
};

static const struct elf_limits limits = { 0x10000, 0xc0000000 };

static struct elf_image image;

static const char *reason(const struct program *p)
{
	const char *why = "";
	int err = elf_parse(p, sizeof(*p), FILE_SIZE, &limits, &image, &why);

	EXPECT_EQ(err, why ? -ENOEXEC : 0);
	return why ? why : "";
}

TEST(elf, a_good_program)
{
	const struct elf_segment *s = image.segment;

	EXPECT_STREQ(reason(&good), "");
	EXPECT_EQ(image.entry, 0x08048100);
	EXPECT_EQ(image.phdr, 0x08048034);
	EXPECT_EQ(image.phnum, HEADERS);
	EXPECT(!image.exec_stack);
	EXPECT_EQ(image.nr_segments, 2);
	EXPECT_EQ(s[0].flags, PF_R | PF_X);
	EXPECT_EQ(s[0].vaddr, 0x08048000);
	EXPECT_EQ(s[0].memsz, 0x1234);
	EXPECT_EQ(s[1].offset, 0x1ff0);
	EXPECT_EQ(s[1].filesz, 0x100);
	EXPECT_EQ(s[1].memsz, 0x2110);
	EXPECT_EQ(image.end, 0x0804d100);
}

/* One number of *p at another value: what is said then. */
#define EXPECT_REFUSED(member, value, sentence) do {			\
	struct program p_ = good;					\
									\
	p_.member = (value);						\
	EXPECT_STREQ(reason(&p_), (sentence));				\
} while (0)

#define EXPECT_TAKEN(member, value) EXPECT_REFUSED(member, value, "")

TEST(elf, bad_headers)
{
	EXPECT_REFUSED(ident[0], 0x7e, "it is no ELF file");
	EXPECT_REFUSED(ident[3], 'G', "it is no ELF file");
	EXPECT_REFUSED(ident[4], 2, "it is not of 32 bits, least significant "
		       "byte first");
	EXPECT_REFUSED(ident[5], 2, "it is not of 32 bits, least significant "
		       "byte first");
	EXPECT_REFUSED(machine, 62, "it is for another machine");
	EXPECT_REFUSED(type, 1, "it is no program with fixed addresses");
	EXPECT_REFUSED(type, 3, "it is no program with fixed addresses");
	EXPECT_REFUSED(phentsize, 31,
		       "its program headers have a strange size");
	EXPECT_REFUSED(phnum, 0, "it has no program headers, or too many");
	EXPECT_REFUSED(phnum, ELF_HEADERS_MAX + 1,
		       "it has no program headers, or too many");
	EXPECT_REFUSED(phnum, HEADERS + 1,
		       "its program headers are not at its begin");
	EXPECT_REFUSED(phoff, 53, "its program headers are not at its begin");
	EXPECT_REFUSED(phoff, ~0U, "its program headers are not at its begin");
	EXPECT_REFUSED(entry, 0, "it begins where nothing can be executed");
	EXPECT_REFUSED(entry, 0x08049234,
		       "it begins where nothing can be executed");
	EXPECT_TAKEN(entry, 0x08049233);
	EXPECT_REFUSED(entry, 0x0804b000,
		       "it begins where nothing can be executed");
}

TEST(elf, bad_segments)
{
	EXPECT_REFUSED(header[1].filesz, 0x2111,
		       "a segment has more in the file than in memory");
	EXPECT_TAKEN(header[1].filesz, FILE_SIZE - 0x1ff0);
	EXPECT_REFUSED(header[1].filesz, FILE_SIZE - 0x1ff0 + 1,
		       "a segment ends behind the file");
	EXPECT_REFUSED(header[1].offset, ~0xfU,
		       "a segment ends behind the file");
	EXPECT_REFUSED(header[1].vaddr, 0x0804aff1,
		       "a segment is not aligned in the file as in memory");
	EXPECT_TAKEN(header[0].vaddr, 0x08047000);
	EXPECT_REFUSED(header[0].vaddr, 0xf000,
		       "a segment is where no program may be");
	EXPECT_REFUSED(header[1].memsz, 0xc0000000 - 0x0804aff0 + 1,
		       "a segment is where no program may be");
	EXPECT_TAKEN(header[1].memsz, 0xc0000000 - 0x0804aff0);
	EXPECT_REFUSED(header[1].memsz, ~0U,
		       "a segment is where no program may be");
	EXPECT_REFUSED(header[0].memsz, 0x1235,
		       "a segment that is read-only has bytes to clear");
	/* not a byte in common, but a page */
	EXPECT_REFUSED(header[1].vaddr, 0x08049ff0,
		       "its segments overlap, or do not ascend");
	EXPECT_REFUSED(header[1].vaddr, 0x08040ff0,
		       "its segments overlap, or do not ascend");
	EXPECT_REFUSED(header[2].type, 3, "it needs shared libraries");
	EXPECT_REFUSED(header[2].type, 2, "it needs shared libraries");
}

TEST(elf, odd_but_good)
{
	struct program p = good;

	/* nothing in memory: nobody cares where */
	p.header[1].memsz = p.header[1].filesz = p.header[1].vaddr = 0;
	EXPECT_STREQ(reason(&p), "");
	EXPECT_EQ(image.nr_segments, 1);
	EXPECT_EQ(image.end, 0x08049234);

	EXPECT_TAKEN(header[3].flags, PF_R | PF_W | PF_X);
	EXPECT(image.exec_stack);
	EXPECT_TAKEN(header[3].type, 0x12345);
	EXPECT(image.exec_stack);

	/* without the headers themselves in memory */
	p = good;
	p.header[0].offset = 0x1000;
	EXPECT_STREQ(reason(&p), "");
	EXPECT_EQ(image.phdr, 0);
}

TEST(elf, nothing_to_load)
{
	struct program p = good;

	p.header[0].type = p.header[1].type = 0;
	EXPECT_STREQ(reason(&p), "there is nothing to load");
}

TEST(elf, too_many_segments)
{
	static struct {
		struct program p;
		struct program_header more[ELF_SEGMENTS_MAX];
	} big;
	const char *why;
	u32 i;

	big.p = good;
	big.p.phnum = HEADERS + ELF_SEGMENTS_MAX;
	for (i = 0; i < ELF_SEGMENTS_MAX; i++)
		big.more[i] = (struct program_header){
			.type = 1, .vaddr = 0x10000000 + 0x1000 * i,
			.memsz = 1, .flags = PF_W,
		};
	big.p.header[1].type = 0;
	EXPECT_EQ(elf_parse(&big, sizeof(big), sizeof(big) + 0x2000, &limits,
			    &image, &why), -ENOEXEC);
	EXPECT_STREQ(why, "it has too many segments");
	big.more[3].memsz = 0;
	EXPECT_EQ(elf_parse(&big, sizeof(big), sizeof(big) + 0x2000, &limits,
			    &image, &why), 0);
	EXPECT_EQ(image.nr_segments, ELF_SEGMENTS_MAX);
}

TEST(elf, cut_anywhere)
{
	const char *why;
	u32 size;

	for (size = 0; size < sizeof(good); size++) {
		EXPECT_EQ(elf_parse(&good, size, FILE_SIZE, &limits, &image,
				    &why), -ENOEXEC);
		EXPECT_STREQ(why, size < 52 ? "it is too short" :
			     "its program headers are not at its begin");
	}
}
