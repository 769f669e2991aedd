/*
 * The bus master of an IDE controller: Programming Interface for Bus Master IDE
 * Controller 1.0; Intel 82371SB (PIIX3) data sheet, section 2.5.
 *
 * It moves a transfer by itself, along a table of regions of memory. A region
 * is no longer than 64 KB and crosses no multiple of it; the request's limits
 * have seen to that. It has 32 address bits.
 */
#include <kernel/block/ide.h>
#include <kernel/cpu/io.h>
#include <kernel/cpu/pci.h>

#define CLASS_IDE 0x0101
#define INTERFACE(class) ((class) >> 8 & 0xff)
#define MASTERS 0x80U		/* of the interface: has a bus master */
#define NATIVE 0x05U		/* a channel is not at the PC's ports */
#define PORTS_BAR 4
#define PORTS_MASK 0xfff0U

/* ports, from channel->bus_master on */
#define BM_COMMAND 0
#define BM_STATUS 2
#define BM_TABLE 4

#define BM_START 0x01
#define BM_TO_MEMORY 0x08

#define BM_ACTIVE 0x01		/* the table is not at its end */
#define BM_ERROR 0x02		/* both are cleared by writing a 1 */
#define BM_INTERRUPT 0x04

#define LAST_REGION 0x80000000U
#define REGION_MOST 0x10000U

/* A controller whose channels were moved elsewhere is not the PC's. */
static bool usable(u32 function)
{
	u32 interface = INTERFACE(pci_read(function, PCI_CLASS));
	u32 bar = pci_read(function, PCI_BAR(PORTS_BAR));

	return interface & MASTERS && !(interface & NATIVE) &&
	       bar & PCI_BAR_IO && bar & PORTS_MASK;
}

u16 ide_find_bus_master(void)
{
	u32 function = pci_find_class(CLASS_IDE, 0);

	while (function != PCI_NONE && !usable(function))
		function = pci_find_class(CLASS_IDE,
					  function + PCI_FUNCTION_STEP);
	if (function == PCI_NONE)
		return 0;
	/* the upper half: bits of the status that a 1 would clear */
	pci_write(function, PCI_COMMAND,
		  (pci_read(function, PCI_COMMAND) & 0xffff) |
		  PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	return pci_read(function, PCI_BAR(PORTS_BAR)) & PORTS_MASK;
}

static u32 segment_address(const struct bio_vec *segment)
{
	return (u32)(page_to_phys(segment->bv_page) + segment->bv_offset);
}

void ide_dma_prepare(struct ide_channel *channel, const struct request *rq)
{
	struct ide_region *regions = channel->regions;
	u32 i;

	for (i = 0; i < rq->nr_segments; i++) {
		regions[i].address = segment_address(&rq->segments[i]);
		regions[i].bytes = rq->segments[i].bv_len & (REGION_MOST - 1);
	}
	regions[i - 1].bytes |= LAST_REGION;
	/* the table is in memory before the device hears of it */
	barrier();
	outl(channel->bus_master + BM_TABLE, __pa(regions));
	ide_dma_clear(channel);
}

void ide_dma_start(const struct ide_channel *channel, bool to_memory)
{
	u8 direction = to_memory ? BM_TO_MEMORY : 0;

	outb(channel->bus_master + BM_COMMAND, direction | BM_START);
}

enum blk_cause ide_dma_stop(const struct ide_channel *channel)
{
	u8 status = inb(channel->bus_master + BM_STATUS);

	outb(channel->bus_master + BM_COMMAND, 0);
	return status & (BM_ACTIVE | BM_ERROR) ? BLK_BUS : BLK_FINE;
}

bool ide_dma_interrupted(const struct ide_channel *channel)
{
	return inb(channel->bus_master + BM_STATUS) & BM_INTERRUPT;
}

/* The bits that say what the drives can do stay. */
void ide_dma_clear(const struct ide_channel *channel)
{
	u16 port = channel->bus_master + BM_STATUS;

	outb(port, inb(port) | BM_ERROR | BM_INTERRUPT);
}
