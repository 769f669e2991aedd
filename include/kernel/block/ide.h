/*
 * ATA disks at the two channels that every PC has at the same ports: hda to
 * hdd. The theory is in kernel/block/ide.c. AT Attachment 6 (ATA/ATAPI-6);
 * Programming Interface for Bus Master IDE Controller 1.0.
 *
 * What is inside is for the driver's own files and for tests.
 */
#ifndef KERNEL_BLOCK_IDE_H
#define KERNEL_BLOCK_IDE_H

#include <kernel/block/blkdev.h>
#include <kernel/cpu/atomic.h>
#include <kernel/sched/mutex.h>

#define IDE_SECONDS 5U		/* guessed: more than one bad sector takes */
#define IDE_IDENTIFY_WORDS 256
#define LBA28_SECTORS_MOST 256U		/* derived: a byte, 0 is all of it */
#define LBA48_SECTORS_MOST 1024U	/* derived: BLK_SEGMENTS pages */

/* Registers from channel->io on. Sector and numbers of it: low byte first. */
enum {
	ATA_DATA, ATA_ERROR, ATA_COUNT, ATA_LBA_LOW, ATA_LBA_MID, ATA_LBA_HIGH,
	ATA_DEVICE, ATA_STATUS,
	ATA_COMMAND = ATA_STATUS
};

/* status */
#define ATA_BUSY 0x80		/* no other bit counts */
#define ATA_FAULT 0x20
#define ATA_DRQ 0x08		/* wants or has data */
#define ATA_ERR 0x01		/* see the error register */

struct ide_channel;

struct ide_disk {
	struct block_device bdev;
	struct ide_channel *channel;
	u8 device;		/* the device register: which of the two */
	bool lba48, dma;
	u8 flush;		/* the command; 0: it has no cache to flush */
	char serial[21];
	struct request *request; /* in flight, or waits for the channel */
	atomic_t telling;	/* ended, and the block layer knows not yet */
};

/* One entry of the table that the bus master reads: physical region. */
struct ide_region {
	u32 address;
	u32 bytes;		/* in the lower half, 0: 64 KB */
};

struct ide_channel {
	spinlock_t lock;
	u16 io, control;	/* ports */
	u16 bus_master;		/* the same; 0: there is none */
	struct ide_region *regions;	/* a page */
	struct mutex resetting;	/* one reset at a time */
	bool closed;		/* a reset runs: nothing begins */
	struct ide_disk *active; /* whose request is in flight; NULL: none */
	u32 began;		/* jiffies: when that one did */
	u32 moved;		/* programmed I/O: so many sectors, */
	u32 segment, offset;	/* and where the next one is */
	u16 words[IDE_IDENTIFY_WORDS];	/* what a disk last said of itself */
	struct ide_disk disks[2];
};

/* Before anything else is done with it. */
void ide_channel_setup(struct ide_channel *channel, u16 io, u16 control,
		       u16 bus_master);

/* The interrupt handler of the channel; see request_irq(). */
bool ide_interrupt(unsigned int irq, void *channel);

extern const struct block_driver ide_driver;

/* --- between the driver's files; the channel is the caller's alone --- */

/* ide_probe.c */

enum ide_kind { IDE_NOTHING, IDE_ATA, IDE_ATAPI };

/* Asks what is there; with interrupts of the channel off. May sleep. A disk's
 * answer is in channel->words. */
enum ide_kind ide_identify(struct ide_disk *disk);

/* The answer, into the disk. False: a disk that this driver cannot use. */
bool ide_describe(struct ide_disk *disk);

/* The answer is that of the disk that ide_describe() saw. */
bool ide_same_disk(const struct ide_disk *disk);

/* Sleeps until the device is not busy. False: it was, for so long. */
bool ide_wait_ready(const struct ide_channel *channel, u32 ms);

/* 400 ns: until the status is that of the device, or of the command. */
void ide_settle(const struct ide_channel *channel);

/* ide_dma.c: the bus master */

/* The ports of the first channel, the second's 8 further; 0: there is none. */
u16 ide_find_bus_master(void);

void ide_dma_prepare(struct ide_channel *channel, const struct request *rq);
void ide_dma_start(const struct ide_channel *channel, bool to_memory);

/* It lets go of memory. BLK_FINE: all was moved. */
enum blk_cause ide_dma_stop(const struct ide_channel *channel);

/* Has the channel interrupted? */
bool ide_dma_interrupted(const struct ide_channel *channel);

/* What it has noted about an interrupt and an error is forgotten. */
void ide_dma_clear(const struct ide_channel *channel);

#endif
