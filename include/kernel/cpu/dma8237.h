/*
 * DMA of the ISA bus: channels 0 to 3 of the first 8237, which move bytes.
 * Intel 8237A data sheet; the page registers are IBM's (PC AT Technical
 * Reference, "DMA").
 *
 * The chip counts 16 bits of an address; the other 8 stand still in the
 * channel's page register. So a transfer lies below 16 MB and within one block
 * of 64 KB: at its end the chip would go on at the block's beginning.
 *
 * Any context; the chip's lock is taken inside. A channel has one user.
 */
#ifndef KERNEL_CPU_DMA8237_H
#define KERNEL_CPU_DMA8237_H

#include <kernel/lib/types.h>

#define ISA_DMA_CHANNELS 4U
#define ISA_DMA_FLOPPY 2U		/* the channel of the floppy */
#define ISA_DMA_MASK 0xffffffU		/* highest address it reaches */
#define ISA_DMA_BOUNDARY 0xffffU	/* a transfer crosses no such block */

/* Can the chip transfer that in one go? */
bool isa_dma_fits(phys_addr_t addr, u32 bytes);

/*
 * The channel waits for its device from now on. to_memory: the device is read.
 * What does not fit is a BUG: the chip would write to somebody else's memory.
 */
void isa_dma_start(u32 channel, phys_addr_t addr, u32 bytes, bool to_memory);

/* The channel is deaf to its device. How many bytes were not transferred; a
 * whole 64 KB cannot be told from none. */
u32 isa_dma_stop(u32 channel);

#endif
