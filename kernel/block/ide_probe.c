/*
 * What stands at a channel: ATA/ATAPI-6, sections 8.15 (IDENTIFY DEVICE) and
 * 9.12 (which signature is whose).
 *
 * Ports that nobody drives read as ones; a drive that is alone answers for the
 * other one, with a status of 0 once that got a command. Nothing here waits for
 * what is not there.
 */
#include <kernel/block/ide.h>
#include <kernel/cpu/io.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/string.h>

#define NOBODY 0xff		/* a status that no device has */
#define IDENTIFY_MS 1000U	/* guessed: the firmware has spun it up */
#define IDENTIFY_DEVICE 0xec

#define ATAPI_MID 0x14
#define ATAPI_HIGH 0xeb

/* words of the answer, and bits in them */
#define ID_SERIAL 10
#define ID_SERIAL_WORDS 10
#define ID_MODEL 27
#define ID_MODEL_WORDS 20
#define ID_CAPABILITIES 49
#define HAS_DMA 0x100
#define HAS_LBA 0x200
#define ID_SECTORS 60		/* two words */
#define ID_COMMANDS 83
#define HAS_LBA48 0x0400
#define HAS_FLUSH 0x1000
#define HAS_FLUSH_EXT 0x2000
#define COMMANDS_MASK 0xc000	/* is the word valid? */
#define COMMANDS_VALID 0x4000
#define ID_SECTORS_48 100	/* four words */

#define FLUSH_CACHE 0xe7
#define FLUSH_CACHE_EXT 0xea

void ide_settle(const struct ide_channel *channel)
{
	int i;

	/* each takes 100 ns at least */
	for (i = 0; i < 4; i++)
		inb(channel->control);
}

bool ide_wait_ready(const struct ide_channel *channel, u32 ms)
{
	u32 end = jiffies + msecs_to_jiffies(ms);
	u8 status = inb(channel->control);

	while (status & ATA_BUSY) {
		if (status == NOBODY || time_after(jiffies, end))
			return false;
		msleep(1);
		status = inb(channel->control);
	}
	return true;
}

/* Registers that keep what is written: there is a device, this or the other. */
static bool registers_keep(u16 io)
{
	outb(io + ATA_COUNT, 0x55);
	outb(io + ATA_LBA_LOW, 0xaa);
	return inb(io + ATA_COUNT) == 0x55 && inb(io + ATA_LBA_LOW) == 0xaa;
}

enum ide_kind ide_identify(struct ide_disk *disk)
{
	struct ide_channel *channel = disk->channel;
	u16 io = channel->io;

	outb(io + ATA_DEVICE, disk->device);
	ide_settle(channel);
	if (!ide_wait_ready(channel, IDENTIFY_MS) || !registers_keep(io))
		return IDE_NOTHING;
	outb(io + ATA_COMMAND, IDENTIFY_DEVICE);
	ide_settle(channel);
	if (!inb(channel->control) || !ide_wait_ready(channel, IDENTIFY_MS))
		return IDE_NOTHING;
	if (inb(io + ATA_LBA_MID) == ATAPI_MID &&
	    inb(io + ATA_LBA_HIGH) == ATAPI_HIGH)
		return IDE_ATAPI;
	/* read here, not at the other port: the device takes its interrupt
	 * back */
	if ((inb(io + ATA_STATUS) & (ATA_ERR | ATA_DRQ)) != ATA_DRQ)
		return IDE_NOTHING;
	insw(io + ATA_DATA, channel->words, IDE_IDENTIFY_WORDS);
	return IDE_ATA;
}

/* Words of two letters, the first in the upper byte, with blanks behind. */
static void copy_text(char *to, const u16 *words, u32 nr)
{
	u32 i, end = 0;

	for (i = 0; i < 2 * nr; i++) {
		u8 c = (u8)(words[i / 2] >> (i % 2 ? 0 : 8));

		to[i] = (char)(c >= ' ' && c < 0x7f ? c : ' ');
		if (to[i] != ' ')
			end = i + 1;
	}
	to[end] = '\0';
}

static void describe_limits(struct ide_disk *disk)
{
	struct queue_limits *limits = &disk->bdev.limits;

	limits->max_sectors = disk->lba48 ? LBA48_SECTORS_MOST :
					    LBA28_SECTORS_MOST;
	limits->max_segments = BLK_SEGMENTS;
	limits->max_segment_size = 0x10000;
	limits->seg_boundary_mask = 0xffff;
	/* programmed I/O reaches what the kernel can have a window on: all */
	limits->dma_mask = disk->dma ? 0xffffffffU : ~(phys_addr_t)0;
}

static sector_t capacity(const u16 *words, bool lba48)
{
	const u16 *at = &words[lba48 ? ID_SECTORS_48 : ID_SECTORS];
	sector_t sectors = at[0] | (u32)at[1] << 16;

	return lba48 ? sectors | (u64)at[2] << 32 : sectors;
}

bool ide_describe(struct ide_disk *disk)
{
	const u16 *words = disk->channel->words;
	struct block_device *bdev = &disk->bdev;
	u16 commands = words[ID_COMMANDS];

	if ((commands & COMMANDS_MASK) != COMMANDS_VALID)
		commands = 0;
	disk->dma = disk->channel->bus_master &&
		    words[ID_CAPABILITIES] & HAS_DMA;
	disk->lba48 = commands & HAS_LBA48;
	disk->flush = commands & HAS_FLUSH_EXT ? FLUSH_CACHE_EXT :
		      commands & HAS_FLUSH ? FLUSH_CACHE : 0;
	copy_text(disk->serial, &words[ID_SERIAL], ID_SERIAL_WORDS);
	copy_text(bdev->model, &words[ID_MODEL], ID_MODEL_WORDS);
	bdev->capacity = capacity(words, disk->lba48);
	describe_limits(disk);
	return words[ID_CAPABILITIES] & HAS_LBA && bdev->capacity;
}

bool ide_same_disk(const struct ide_disk *disk)
{
	const u16 *words = disk->channel->words;
	char serial[sizeof(disk->serial)];

	copy_text(serial, &words[ID_SERIAL], ID_SERIAL_WORDS);
	return !strcmp(serial, disk->serial) &&
	       capacity(words, disk->lba48) == disk->bdev.capacity;
}
