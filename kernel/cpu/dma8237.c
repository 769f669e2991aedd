#include <kernel/cpu/dma8237.h>
#include <kernel/cpu/io.h>
#include <kernel/lib/bug.h>
#include <kernel/lock.h>

#define SINGLE_MASK 0x0a
#define MODE 0x0b
#define CLEAR_FLIP_FLOP 0x0c	/* the next byte is a low one */

#define MASK_ON 0x04
#define MODE_SINGLE 0x40	/* one byte a request: the bus stays free */
#define MODE_TO_MEMORY 0x04
#define MODE_FROM_MEMORY 0x08

/* In the order of the channels, not of the ports: IBM's wiring. */
static const u8 page_ports[ISA_DMA_CHANNELS] = { 0x87, 0x83, 0x81, 0x82 };

/* The flip-flop is one for all channels. */
static spinlock_t isa_dma_lock = SPIN_LOCK_UNLOCKED("isa_dma_lock");

static u16 address_port(u32 channel)
{
	return (u16)(channel * 2);
}

static u16 count_port(u32 channel)
{
	return (u16)(channel * 2 + 1);
}

static void write_16(u16 port, u32 value)
{
	outb(CLEAR_FLIP_FLOP, 0);
	outb(port, (u8)value);
	outb(port, (u8)(value >> 8));
}

static u32 read_16(u16 port)
{
	u32 low;

	outb(CLEAR_FLIP_FLOP, 0);
	low = inb(port);
	return low | (u32)inb(port) << 8;
}

bool isa_dma_fits(phys_addr_t addr, u32 bytes)
{
	phys_addr_t last = addr + bytes - 1;

	return bytes && last <= ISA_DMA_MASK &&
	       (addr & ~(phys_addr_t)ISA_DMA_BOUNDARY) ==
	       (last & ~(phys_addr_t)ISA_DMA_BOUNDARY);
}

void isa_dma_start(u32 channel, phys_addr_t addr, u32 bytes, bool to_memory)
{
	u8 direction = to_memory ? MODE_TO_MEMORY : MODE_FROM_MEMORY;
	u32 flags;

	BUG_ON(channel >= ISA_DMA_CHANNELS, "there is no such DMA channel");
	BUG_ON(!isa_dma_fits(addr, bytes),
	       "ISA DMA above 16 MB or across 64 KB");
	flags = spin_lock_irqsave(&isa_dma_lock);
	outb(SINGLE_MASK, (u8)(MASK_ON | channel));
	outb(MODE, (u8)(MODE_SINGLE | direction | channel));
	write_16(address_port(channel), (u32)addr);
	outb(page_ports[channel], (u8)(addr >> 16));
	write_16(count_port(channel), bytes - 1);
	outb(SINGLE_MASK, (u8)channel);
	spin_unlock_irqrestore(&isa_dma_lock, flags);
}

u32 isa_dma_stop(u32 channel)
{
	u32 flags = spin_lock_irqsave(&isa_dma_lock), left;

	BUG_ON(channel >= ISA_DMA_CHANNELS, "there is no such DMA channel");
	outb(SINGLE_MASK, (u8)(MASK_ON | channel));
	left = read_16(count_port(channel));
	spin_unlock_irqrestore(&isa_dma_lock, flags);
	/* it counts down to -1 */
	return (left + 1) & 0xffff;
}
