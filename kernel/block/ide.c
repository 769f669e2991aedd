/*
 * ATA disks at the PC's two IDE channels.
 *
 * 1. What for. A channel is a set of ports with at most two drives, of which
 *    one is selected. Who has a request for the other one waits: a disk has one
 *    request, a channel has one that is in flight (`active`). When that ends
 *    the other disk's is next. Its time limit counts from there (`began`), or
 *    one silent disk would make two.
 *
 * 2. Two ways. With a bus master (ide_dma.c) the drive is told the command, the
 *    bus master where memory is, and one interrupt ends it. Without, each
 *    sector is moved by the CPU: an interrupt says that it is there (read), or
 *    is on its way to the disk and the next one may come (write). The first
 *    sector of a write has no interrupt. ATA/ATAPI-6, chapter 9.
 *
 *	read	command, (interrupt, sector)...
 *	write	command, sector, (interrupt, sector)..., interrupt
 *	DMA, flush	command, interrupt
 *
 * 3. Whose interrupt. The bus master notes that the channel has interrupted,
 *    for either way. Without one the drive must be idle and something in
 *    flight. Reading the status takes the interrupt back; the note is cleared
 *    behind that, and before data is moved, which makes the next one.
 *
 * 4. Errors. An interrupt with an error in the status ends the request. How far
 *    a DMA came then is undefined (ATA/ATAPI-6, section 8.26): nothing counts,
 *    and the block layer finds the sector by asking for each. Programmed I/O
 *    knows what it has moved.
 *
 * 5. Silence. A drive that is not ready, or does not interrupt, is left to the
 *    block layer's time limit. Then reset(): the request is forgotten, the bus
 *    master stopped, both drives reset, and the disk is asked again who it is.
 *    Meanwhile nothing begins (`closed`), and interrupts of the channel are
 *    off. One that comes late finds nothing in flight. A disk that does not
 *    answer, or is another one, is gone.
 *
 *	active	closed	state
 *	NULL	false	idle
 *	disk	false	its request is in flight
 *	NULL	true	a reset runs
 *
 * 6. Modes. How fast a drive talks is set by the firmware, and a reset by
 *    SRST leaves it.
 *
 * Locks: channel->lock, inside of the queue's: start() is called with that
 * held. blk_end_request() is called with neither. channel->resetting lets one
 * reset run at a time.
 *
 * Cost: a DMA request is 19 accesses to ports, its interrupt 8.
 */
#include <kernel/base/cmdline.h>
#include <kernel/base/printk.h>
#include <kernel/block/drivers.h>
#include <kernel/block/ide.h>
#include <kernel/cpu/io.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/string.h>
#include <mm/high/kmap_atomic.h>
#include <mm/page/page_alloc.h>

#define DEVICE_LBA 0xe0		/* of the device register */
#define DEVICE_SECOND 0x10

#define CONTROL_RESET 0x04	/* SRST, to both */
#define CONTROL_NO_INTERRUPT 0x02	/* nIEN */

#define ERROR_CRC 0x80		/* ICRC: of a DMA */

#define READY_LOOKS 1000	/* guessed: 100 us and more */
#define RESET_MS 5000U		/* guessed; the standard allows 31 s */

#define LBA28_END (1U << 28)

/* By write, DMA, 48 bits. */
static const u8 commands[2][2][2] = {
	{ { 0x20, 0x24 }, { 0xc8, 0x25 } },
	{ { 0x30, 0x34 }, { 0xca, 0x35 } },
};

static struct ide_channel channels[2];
static bool no_dma;

static int set_ide(const char *value)
{
	no_dma = !strcmp(value, "nodma");
	return no_dma ? 0 : -EINVAL;
}

KERNEL_PARAM(ide, "ide", set_ide, PARAM_VALUE, "nodma",
	     "IDE disks by programmed I/O");

/* --- a request begins --- */

static bool wants_data(const struct ide_channel *channel)
{
	return (inb(channel->control) & (ATA_BUSY | ATA_DRQ)) == ATA_DRQ;
}

static bool is_idle(const struct ide_channel *channel)
{
	return !(inb(channel->control) & (ATA_BUSY | ATA_DRQ));
}

static bool soon(const struct ide_channel *channel,
		 bool (*condition)(const struct ide_channel *channel))
{
	int i;

	ide_settle(channel);
	for (i = 0; i < READY_LOOKS; i++)
		if (condition(channel))
			return true;
	return false;
}

/* The registers are two deep: the upper bytes go first. */
static void write_address(u16 io, sector_t sector, u32 sectors, bool lba48)
{
	if (lba48) {
		outb(io + ATA_COUNT, (u8)(sectors >> 8));
		outb(io + ATA_LBA_LOW, (u8)(sector >> 24));
		outb(io + ATA_LBA_MID, (u8)(sector >> 32));
		outb(io + ATA_LBA_HIGH, (u8)(sector >> 40));
	}
	outb(io + ATA_COUNT, (u8)sectors);
	outb(io + ATA_LBA_LOW, (u8)sector);
	outb(io + ATA_LBA_MID, (u8)(sector >> 8));
	outb(io + ATA_LBA_HIGH, (u8)(sector >> 16));
}

/* One sector, which lies in one page: pieces are whole sectors. */
static void move_sector(struct ide_channel *channel, const struct request *rq)
{
	const struct bio_vec *segment = &rq->segments[channel->segment];
	u32 at = segment->bv_offset + channel->offset;
	u8 *page = kmap_atomic(segment->bv_page + (at >> PAGE_SHIFT));
	u8 *data = page + (at & ~PAGE_MASK);

	if (rq->rw & WRITE)
		outsw(channel->io + ATA_DATA, data, SECTOR_SIZE / 2);
	else
		insw(channel->io + ATA_DATA, data, SECTOR_SIZE / 2);
	kunmap_atomic(page);
	channel->moved++;
	channel->offset += SECTOR_SIZE;
	if (channel->offset == segment->bv_len) {
		channel->segment++;
		channel->offset = 0;
	}
}

static void begin_transfer(struct ide_disk *disk, const struct request *rq)
{
	struct ide_channel *channel = disk->channel;
	bool write = rq->rw & WRITE;
	bool lba48 = disk->lba48 && rq->sector + rq->sectors > LBA28_END;

	if (rq->sectors > LBA28_SECTORS_MOST)
		lba48 = true;
	write_address(channel->io, rq->sector, rq->sectors, lba48);
	if (disk->dma)
		ide_dma_prepare(channel, rq);
	outb(channel->io + ATA_COMMAND, commands[write][disk->dma][lba48]);
	if (disk->dma)
		ide_dma_start(channel, !write);
	else if (write && soon(channel, wants_data))
		move_sector(channel, rq);
}

/* The lock is held. */
static void begin(struct ide_disk *disk)
{
	struct ide_channel *channel = disk->channel;
	const struct request *rq = disk->request;
	u8 device = disk->device;

	channel->active = disk;
	channel->began = jiffies;
	channel->moved = 0;
	channel->segment = 0;
	channel->offset = 0;
	/* bits 24 to 27 of a short address; a long one does not look */
	device |= (u8)(rq->sector >> 24 & 0xf);
	outb(channel->io + ATA_DEVICE, device);
	if (!soon(channel, is_idle))
		return;
	if (rq->sectors)
		begin_transfer(disk, rq);
	else
		outb(channel->io + ATA_COMMAND, disk->flush);
}

static void ide_start(struct block_device *bdev, struct request *rq)
{
	struct ide_disk *disk = bdev->private;
	struct ide_channel *channel = disk->channel;
	u32 flags;

	if (!rq->sectors && !disk->flush) {
		blk_end_request(bdev, BLK_FINE, 0);
		return;
	}
	flags = spin_lock_irqsave(&channel->lock);
	disk->request = rq;
	if (!channel->active && !channel->closed)
		begin(disk);
	spin_unlock_irqrestore(&channel->lock, flags);
}

/* --- the interrupt --- */

static bool was_it(const struct ide_channel *channel)
{
	if (channel->bus_master)
		return ide_dma_interrupted(channel);
	return channel->active && !(inb(channel->control) & ATA_BUSY);
}

static enum blk_cause error_cause(const struct ide_disk *disk)
{
	u8 error = inb(disk->channel->io + ATA_ERROR);

	return disk->dma && error & ERROR_CRC ? BLK_BUS : BLK_MEDIUM;
}

/* Programmed I/O: the next sector, if there is one. True: it was the last. */
static bool next_sector(struct ide_channel *channel, const struct request *rq,
			u8 status, enum blk_cause *cause)
{
	bool all_sent = channel->moved == rq->sectors;

	/* data where none belongs, or none where some does */
	if (!(status & ATA_DRQ) != all_sent) {
		*cause = BLK_BUS;
		return true;
	}
	if (all_sent)
		return true;
	move_sector(channel, rq);
	return !(rq->rw & WRITE) && channel->moved == rq->sectors;
}

/*
 * Has the request ended? The lock is held. The order: the bus master is
 * stopped, the drive's interrupt taken back, and then the note of it.
 */
static bool advance(struct ide_channel *channel, struct ide_disk *disk,
		    enum blk_cause *cause)
{
	const struct request *rq = disk->request;
	bool dma = disk->dma && rq->sectors;
	u8 status;

	*cause = dma ? ide_dma_stop(channel) : BLK_FINE;
	status = inb(channel->io + ATA_STATUS);
	if (channel->bus_master)
		ide_dma_clear(channel);
	if (status & (ATA_ERR | ATA_FAULT)) {
		*cause = error_cause(disk);
		return true;
	}
	if (rq->sectors && !dma)
		return next_sector(channel, rq, status, cause);
	if (status & (ATA_BUSY | ATA_DRQ))
		*cause = BLK_BUS;
	return true;
}

/* Sectors that are through, however it ended. The last one that was sent is
 * what the error is about. */
static u32 sectors_done(const struct ide_channel *channel,
			const struct ide_disk *disk, enum blk_cause cause)
{
	const struct request *rq = disk->request;

	if (cause == BLK_FINE)
		return rq->sectors;
	if (disk->dma)
		return 0;
	return channel->moved && rq->rw & WRITE ? channel->moved - 1 :
						  channel->moved;
}

/* The lock is held. */
static void begin_other(struct ide_channel *channel, struct ide_disk *disk)
{
	struct ide_disk *other = &channel->disks[disk == channel->disks];

	channel->active = NULL;
	disk->request = NULL;
	if (other->request)
		begin(other);
}

/* Nothing is in flight: it is late, or an answer to nobody. */
static void take_back(const struct ide_channel *channel)
{
	inb(channel->io + ATA_STATUS);
	if (channel->bus_master)
		ide_dma_clear(channel);
}

bool ide_interrupt(unsigned int irq, void *data)
{
	struct ide_channel *channel = data;
	u32 flags = spin_lock_irqsave(&channel->lock), done = 0;
	struct ide_disk *disk = channel->active, *ended = NULL;
	enum blk_cause cause = BLK_FINE;
	bool ours = was_it(channel);

	if (ours && !disk)
		take_back(channel);
	else if (ours && advance(channel, disk, &cause)) {
		done = sectors_done(channel, disk, cause);
		ended = disk;
		atomic_inc(&disk->telling);
		begin_other(channel, disk);
	}
	spin_unlock_irqrestore(&channel->lock, flags);
	if (ended) {
		blk_end_request(&ended->bdev, cause, done);
		atomic_dec(&ended->telling);
	}
	return ours;
}

/* --- a request is given up --- */

/* Nothing begins until open_channel(). False: nothing was in flight. */
static bool close_channel(struct ide_channel *channel, struct ide_disk *disk)
{
	u32 flags = spin_lock_irqsave(&channel->lock);
	bool in_flight = channel->active == disk;

	disk->request = NULL;
	if (in_flight) {
		channel->active = NULL;
		channel->closed = true;
		outb(channel->control, CONTROL_NO_INTERRUPT);
		if (channel->bus_master)
			ide_dma_stop(channel);
	}
	spin_unlock_irqrestore(&channel->lock, flags);
	return in_flight;
}

static void open_channel(struct ide_channel *channel, struct ide_disk *disk)
{
	u32 flags = spin_lock_irqsave(&channel->lock);

	take_back(channel);
	outb(channel->control, 0);
	channel->closed = false;
	begin_other(channel, disk);
	spin_unlock_irqrestore(&channel->lock, flags);
}

/* SRST for 5 us at least; the first drive waits for the second. */
static bool reset_channel(const struct ide_channel *channel)
{
	outb(channel->control, CONTROL_RESET | CONTROL_NO_INTERRUPT);
	msleep(1);
	outb(channel->control, CONTROL_NO_INTERRUPT);
	msleep(2);
	return ide_wait_ready(channel, RESET_MS);
}

/* The other disk, if it is gone, finds that out by itself. */
static int ide_reset(struct block_device *bdev)
{
	struct ide_disk *disk = bdev->private;
	struct ide_channel *channel = disk->channel;
	bool there = true;

	mutex_lock(&channel->resetting);
	if (close_channel(channel, disk)) {
		there = reset_channel(channel) &&
			ide_identify(disk) == IDE_ATA && ide_same_disk(disk);
		open_channel(channel, disk);
	}
	mutex_unlock(&channel->resetting);
	/* one that ended just now, on another CPU: else it would end the next
	 * try */
	while (atomic_read(&disk->telling))
		cpu_relax();
	return there ? 0 : -EIO;
}

static u32 ide_at_work_since(struct block_device *bdev)
{
	struct ide_disk *disk = bdev->private;
	struct ide_channel *channel = disk->channel;
	u32 flags = spin_lock_irqsave(&channel->lock);
	u32 since = channel->active == disk ? channel->began : jiffies;

	spin_unlock_irqrestore(&channel->lock, flags);
	return since;
}

const struct block_driver ide_driver = {
	.name = "ide",
	.start = ide_start,
	.reset = ide_reset,
	.at_work_since = ide_at_work_since,
};

/* --- boot --- */

void ide_channel_setup(struct ide_channel *channel, u16 io, u16 control,
		       u16 bus_master)
{
	u32 i;

	memset(channel, 0, sizeof(*channel));
	spin_lock_init(&channel->lock, "ide_channel.lock");
	mutex_init(&channel->resetting, "ide_channel.resetting");
	channel->io = io;
	channel->control = control;
	channel->bus_master = bus_master;
	for (i = 0; i < 2; i++) {
		struct ide_disk *disk = &channel->disks[i];

		disk->channel = channel;
		disk->device = DEVICE_LBA | (i ? DEVICE_SECOND : 0);
		disk->bdev.driver = &ide_driver;
		disk->bdev.private = disk;
		disk->bdev.timeout = IDE_SECONDS * hz;
	}
}

static void add(struct ide_disk *disk)
{
	const struct block_device *bdev = &disk->bdev;

	if (!add_disk(&disk->bdev))
		pr_info("ide: %s: %s, %u MB, LBA%u, %s\n", bdev->name,
			bdev->model, (u32)(bdev->capacity >> 11),
			disk->lba48 ? 48 : 28,
			disk->dma ? "DMA" : "programmed I/O");
}

/* Is it a disk that can be used? */
static bool look(struct ide_disk *disk)
{
	const char *name = disk->bdev.name;
	enum ide_kind kind = ide_identify(disk);

	if (kind == IDE_ATAPI)
		pr_info("ide: %s: an ATAPI device; left alone\n", name);
	if (kind != IDE_ATA)
		return false;
	if (ide_describe(disk))
		return true;
	pr_info("ide: %s: a disk without LBA or sectors; left alone\n", name);
	return false;
}

/* Both drives are asked while the channel's interrupts are off. False: there
 * is no disk to be used. */
static bool add_channel(struct ide_channel *channel, char letter,
			unsigned int irq)
{
	bool is_disk[2];
	u32 i;

	outb(channel->control, CONTROL_NO_INTERRUPT);
	for (i = 0; i < 2; i++) {
		strlcpy(channel->disks[i].bdev.name, "hd?", 4);
		channel->disks[i].bdev.name[2] = (char)(letter + i);
		is_disk[i] = look(&channel->disks[i]);
	}
	if (!is_disk[0] && !is_disk[1])
		return false;
	if (request_irq(irq, ide_interrupt, SA_SHIRQ, "ide", channel)) {
		pr_warn("ide: line %u is not to be had: no disks there\n", irq);
		return false;
	}
	take_back(channel);
	outb(channel->control, 0);
	for (i = 0; i < 2; i++)
		if (is_disk[i])
			add(&channel->disks[i]);
	return true;
}

/* Without memory for the bus master's table there is none. */
static void find_disks(struct ide_channel *channel, u16 io, u16 control,
		       u16 bus_master, char letter, unsigned int irq)
{
	unsigned long table = bus_master ? get_zeroed_page(GFP_KERNEL) : 0;

	ide_channel_setup(channel, io, control, table ? bus_master : 0);
	channel->regions = (struct ide_region *)table;
	if (!add_channel(channel, letter, irq))
		free_page(table);
}

void ide_init(void)
{
	u16 bus_master = no_dma ? 0 : ide_find_bus_master();

	find_disks(&channels[0], 0x1f0, 0x3f6, bus_master, 'a', 14);
	find_disks(&channels[1], 0x170, 0x376,
		   bus_master ? bus_master + 8 : 0, 'c', 15);
}
