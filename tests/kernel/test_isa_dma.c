/* The first 8237, channel 3: nothing is wired to it. */
#include <kernel/cpu/dma8237.h>
#include <kernel/cpu/io.h>
#include "ktest.h"

#define FREE_CHANNEL 3U
#define FREE_ADDRESS 0x06
#define FREE_COUNT 0x07
#define FREE_PAGE 0x82
#define CLEAR_FLIP_FLOP 0x0c

static u32 read_chip(u16 port)
{
	u32 low;

	outb(CLEAR_FLIP_FLOP, 0);
	low = inb(port);
	return low | (u32)inb(port) << 8;
}

TEST(isa_dma, what_fits)
{
	EXPECT(isa_dma_fits(0, 1));
	EXPECT(isa_dma_fits(0x10000, 0x10000));
	EXPECT(isa_dma_fits(0xfffe00, 512));
	EXPECT(isa_dma_fits(0x1fe00, 512));
	EXPECT(!isa_dma_fits(0x10000, 0));
	EXPECT(!isa_dma_fits(0x10000, 0x10001));
	EXPECT(!isa_dma_fits(0x1fe01, 512));
	EXPECT(!isa_dma_fits(0xfffe00, 513));
	EXPECT(!isa_dma_fits(0x1000000, 512));
	EXPECT(!isa_dma_fits(0x100001000ULL, 512));
	EXPECT(!isa_dma_fits(0x10000, 0xffffffff));
}

static const struct {
	u32 addr, bytes;
} programs[] = {
	{ 0x123456, 0x1234 }, { 0xff0000, 0x10000 }, { 0x00ff00, 1 },
};

TEST(isa_dma, what_the_chip_holds)
{
	u32 i, before;

	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		before = inb(FREE_PAGE);
		isa_dma_start(FREE_CHANNEL, programs[i].addr,
			      programs[i].bytes, true);
		EXPECT_EQ(read_chip(FREE_ADDRESS), programs[i].addr & 0xffff);
		EXPECT_EQ(read_chip(FREE_COUNT), programs[i].bytes - 1);
		EXPECT_EQ(inb(FREE_PAGE), programs[i].addr >> 16);
		/* nothing was asked for: all of it is left */
		EXPECT_EQ(isa_dma_stop(FREE_CHANNEL),
			  programs[i].bytes & 0xffff);
		outb(FREE_PAGE, (u8)before);
	}
}

TEST_PANIC(isa_dma, across_64_kb, "ISA DMA above 16 MB or across 64 KB")
{
	isa_dma_start(FREE_CHANNEL, 0x1fe01, 512, true);
}

TEST_PANIC(isa_dma, above_16_mb, "ISA DMA above 16 MB or across 64 KB")
{
	isa_dma_start(FREE_CHANNEL, 0x1000000, 512, true);
}
