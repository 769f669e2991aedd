/*
 * Floppy drives at an Intel 82077AA or one of its ancestors. 82077AA data
 * sheet, sections 2, 5 and 6; CMOS byte 0x10: IBM PC AT Technical Reference.
 *
 * 1. The controller takes a command byte by byte, asks the 8237 for each byte
 *    of data (channel 2), interrupts (line 6), and gives its result byte by
 *    byte. It does one command at a time, for both drives: a request for one
 *    waits while the other's is at work, and its time limit with it.
 *
 * 2. A request is a chain of commands, each begun by the interrupt or timer
 *    that ends the one before:
 *
 *	state		ends by		then
 *	IDLE		start()		next_step()
 *	WAITING		timer: motor	next_step()
 *			up to speed,
 *			heads at rest
 *	SEEKING		interrupt	WAITING, for the heads
 *	TRANSFER	interrupt	next_step(), or the request has ended
 *	RESETTING	interrupt	IDLE
 *
 *    next_step() does what is missing: motor, change line, track 0, cylinder,
 *    data.
 *
 * 3. One transfer is what one command and one program of the 8237 can do: one
 *    piece of memory, up to the end of a cylinder (both heads: MT). The block
 *    layer's limits see to it that no piece crosses 64 KB or lies above 16 MB;
 *    dma8237.c asserts it.
 *
 * 4. The change line says that the drive was opened, until the heads are
 *    stepped with a medium inside. So a request that finds it set steps to
 *    track 0 and cylinder 1: if it is still set, the drive is empty.
 *
 * 5. An error forgets where the heads are: the block layer tries again, and
 *    that begins at track 0. The result names the sector that failed.
 *
 * 6. The motor goes off MOTOR_OFF_MS after the last request. One timer serves
 *    for all waiting: its state says for what.
 *
 * Lock: fdc.lock, interrupts off, inside of a queue's lock: start() is called
 * with that held. So a request's end is told without fdc.lock, by unlock().
 */
#include <kernel/base/printk.h>
#include <kernel/block/blkdev.h>
#include <kernel/block/drivers.h>
#include <kernel/block/floppy.h>
#include <kernel/cpu/atomic.h>
#include <kernel/cpu/dma8237.h>
#include <kernel/cpu/io.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/printf.h>
#include <kernel/sched/wait.h>

#define DRIVES 2U
#define CYLINDERS 80U
#define HEADS 2U
#define LINE 6U

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define CMOS_DRIVES 0x10	/* drive 0 in the upper half */

#define DOR 0x3f2
#define DOR_RUN 0x0c		/* not in reset; DMA and interrupt connected */
#define DOR_MOTOR(unit) (0x10U << (unit))
#define MSR 0x3f4
#define MSR_READY 0x80
#define MSR_TO_CPU 0x40
#define FIFO 0x3f5
#define DIR 0x3f7		/* read */
#define DIR_CHANGED 0x80
#define CCR 0x3f7		/* written: data rate */
#define RATE_500 0		/* kbit/s */

#define CMD_SPECIFY 0x03
#define CMD_RECALIBRATE 0x07
#define CMD_SENSE_INTERRUPT 0x08
#define CMD_SEEK 0x0f
#define CMD_VERSION 0x10
#define CMD_WRITE 0xc5		/* MT: both heads; MFM */
#define CMD_READ 0xc6

/* step 6 ms, unload 240 ms; load 16 ms, DMA */
#define SPECIFY_STEP 0xaf
#define SPECIFY_LOAD 0x10
#define SIZE_512 2
#define GAP 0x1b		/* the data sheet's, for both formats */
#define LENGTH_UNUSED 0xff	/* counts for sectors of 128 bytes only */

#define ST0_CODE 0xc0		/* 0: well; */
#define ST0_READY_CHANGED 0xc0	/* no command's end */
#define ST0_INVALID 0x80
#define ST0_SEEK_END 0x20
#define ST1_OVERRUN 0x10	/* the bus was too slow */
#define ST1_NOT_WRITABLE 0x02

#define RESULTS 7		/* ST0 ST1 ST2, cylinder, head, sector, size */
#define READY_US 500		/* guessed: twice the data sheet's 250 */
#define RESET_US 20		/* guessed: the data sheet wants 0.5 */
#define RESET_MS 500		/* guessed: the interrupt comes in some ms */
#define SPIN_UP_MS 500		/* guessed: drives say 300 to 500 */
#define SETTLE_MS 15		/* drives' data sheets */
#define MOTOR_OFF_MS 2000	/* the BIOS's */
/*
 * Derived: a revolution for each of 16 pieces and 15 cylinder ends, 0.2 s, and
 * 3 s for the motor and all steps.
 */
#define TIMEOUT_S 10
#define MAX_SEGMENTS BOUNCE_ISA_PAGES	/* each may be bounced */
#define MAX_SECTORS (MAX_SEGMENTS * (PAGE_SIZE / SECTOR_SIZE))

#define UNKNOWN (-1)		/* where the heads are */

/* By the CMOS's number. 360 KB and 720 KB: other rates, no change line. */
static const struct drive_type {
	const char *name;	/* NULL: not one of ours */
	u8 sectors;		/* of a track */
} drive_types[] = {
	[2] = { "1.2 MB", 15 },
	[4] = { "1.44 MB", 18 },
	/* drives for 2.88 MB, which nearly nobody has media for */
	[5] = { "1.44 MB", 18 },
	[6] = { "1.44 MB", 18 },
};

enum state { IDLE, WAITING, SEEKING, TRANSFER, RESETTING };

/* The change line of the drive of the request at work. */
enum check { CHECK_FIRST, CHECK_STEPPED, CHECK_DONE };

struct drive {
	struct block_device bdev;
	const struct drive_type *type;
	u32 unit;
	s32 cylinder;		/* or UNKNOWN */
	struct request *rq;	/* at work if the drive is active, else waits */
	bool ended;		/* what unlock() has to tell */
	enum blk_cause cause;
	u32 done;
	atomic_t telling;	/* ended, and the block layer knows not yet */
};

static struct {
	spinlock_t lock;
	enum state state;
	struct drive *active;	/* NULL: no request at work */
	struct timer_list timer;
	wait_queue_head_t wait;	/* for the end of RESETTING */
	u32 motors;		/* bits of DOR */

	/* of the request at work */
	u32 began;		/* jiffies */
	enum check check;
	u32 done;		/* sectors */
	u32 segment, offset;	/* where these end; offset in bytes */
	u32 count;		/* sectors of the command at work */
	s32 target;		/* the cylinder it seeks */

	struct drive drives[DRIVES];
} fdc = {
	.lock = SPIN_LOCK_UNLOCKED("fdc.lock"),
	.wait = WAIT_QUEUE_HEAD_INIT(fdc.wait),
};

/* --- bytes to and from the controller --- */

static bool wait_ready(u8 direction)
{
	u32 us;

	for (us = 0; us < READY_US; us++) {
		if ((inb(MSR) & (MSR_READY | MSR_TO_CPU)) ==
		    (MSR_READY | direction))
			return true;
		udelay(1);
	}
	return false;
}

/* False: it does not take it. */
static bool command(const u8 *bytes, u32 n)
{
	while (n--) {
		if (!wait_ready(0))
			return false;
		outb(FIFO, *bytes++);
	}
	return true;
}

/* False: there are not so many. */
static bool results(u8 *bytes, u32 n)
{
	while (n--) {
		if (!wait_ready(MSR_TO_CPU))
			return false;
		*bytes++ = inb(FIFO);
	}
	return true;
}

/* What the last interrupt was for: ST0, and the cylinder. */
static bool sense_interrupt(u8 result[2])
{
	static const u8 bytes[] = { CMD_SENSE_INTERRUPT };

	if (!command(bytes, sizeof(bytes)) || !results(result, 1))
		return false;
	/* there was none: that is all it says */
	return (result[0] & ST0_CODE) == ST0_INVALID || results(result + 1, 1);
}

static bool specify(void)
{
	static const u8 bytes[] = { CMD_SPECIFY, SPECIFY_STEP, SPECIFY_LOAD };

	return command(bytes, sizeof(bytes));
}

static void write_dor(u32 unit)
{
	outb(DOR, (u8)(DOR_RUN | fdc.motors | unit));
}

static void wait_ms(u32 ms)
{
	fdc.state = WAITING;
	mod_timer(&fdc.timer, jiffies + msecs_to_jiffies(ms));
}

/* --- the steps of a request --- */

static void begin(struct drive *drive);

/* The other drive's request may be waiting. */
static void begin_waiting(void)
{
	u32 i;

	for (i = 0; i < DRIVES; i++)
		if (!fdc.active && fdc.drives[i].rq)
			begin(&fdc.drives[i]);
}

static void stop_working(void)
{
	isa_dma_stop(ISA_DMA_FLOPPY);
	fdc.active->rq = NULL;
	fdc.active = NULL;
	fdc.state = IDLE;
	mod_timer(&fdc.timer, jiffies + msecs_to_jiffies(MOTOR_OFF_MS));
}

/* done: sectors that are transferred. The next one waits no longer. */
static void finish(enum blk_cause cause, u32 done)
{
	struct drive *drive = fdc.active;

	if (cause != BLK_FINE) {
		drive->cylinder = UNKNOWN;
		if (inb(DIR) & DIR_CHANGED)
			cause = BLK_NO_MEDIUM;
	}
	drive->ended = true;
	drive->cause = cause;
	drive->done = done;
	atomic_inc(&drive->telling);
	stop_working();
	begin_waiting();
}

static void send(enum state state, const u8 *bytes, u32 n)
{
	fdc.state = state;
	if (!command(bytes, n))
		finish(BLK_BUS, fdc.done);
}

static void seek(struct drive *drive, s32 cylinder)
{
	const u8 recalibrate[] = { CMD_RECALIBRATE, (u8)drive->unit };
	const u8 seek[] = { CMD_SEEK, (u8)drive->unit, (u8)cylinder };

	if (drive->cylinder == UNKNOWN) {
		fdc.target = 0;
		send(SEEKING, recalibrate, sizeof(recalibrate));
	} else {
		fdc.target = cylinder;
		send(SEEKING, seek, sizeof(seek));
	}
}

/* One piece, up to the end of the cylinder. */
static void transfer(struct drive *drive)
{
	const struct drive_type *type = drive->type;
	const struct request *rq = drive->rq;
	const struct bio_vec *piece = &rq->segments[fdc.segment];
	u32 sector = (u32)rq->sector + fdc.done;
	u32 head = sector / type->sectors % HEADS;
	u32 in_cylinder = HEADS * type->sectors;
	const u8 bytes[] = {
		rq->rw & WRITE ? CMD_WRITE : CMD_READ,
		(u8)(head << 2 | drive->unit), (u8)drive->cylinder, (u8)head,
		(u8)(sector % type->sectors + 1), SIZE_512, type->sectors,
		GAP, LENGTH_UNUSED,
	};

	fdc.count = min((piece->bv_len - fdc.offset) / SECTOR_SIZE,
			in_cylinder - sector % in_cylinder);
	isa_dma_start(ISA_DMA_FLOPPY, page_to_phys(piece->bv_page) +
		      piece->bv_offset + fdc.offset, fdc.count * SECTOR_SIZE,
		      !(rq->rw & WRITE));
	send(TRANSFER, bytes, sizeof(bytes));
}

/* What the line says: false if the drive is empty. */
static bool check_change_line(struct drive *drive)
{
	bool changed = inb(DIR) & DIR_CHANGED;

	if (fdc.check == CHECK_FIRST && changed) {
		drive->cylinder = UNKNOWN;
		fdc.check = CHECK_STEPPED;
	} else if (fdc.check == CHECK_FIRST) {
		fdc.check = CHECK_DONE;
	} else if (drive->cylinder == 1) {
		fdc.check = CHECK_DONE;
		return !changed;
	}
	return true;
}

static void next_step(void)
{
	struct drive *drive = fdc.active;
	s32 cylinder;

	if (!(fdc.motors & DOR_MOTOR(drive->unit))) {
		fdc.motors |= DOR_MOTOR(drive->unit);
		write_dor(drive->unit);
		wait_ms(SPIN_UP_MS);
		return;
	}
	if (fdc.check != CHECK_DONE && !check_change_line(drive)) {
		finish(BLK_NO_MEDIUM, 0);
		return;
	}
	cylinder = (s32)(((u32)drive->rq->sector + fdc.done) /
			 (HEADS * drive->type->sectors));
	if (fdc.check == CHECK_STEPPED)
		cylinder = 1;
	if (drive->cylinder != cylinder)
		seek(drive, cylinder);
	else
		transfer(drive);
}

static void begin(struct drive *drive)
{
	if (fdc.state != IDLE)
		return;
	fdc.active = drive;
	fdc.began = jiffies;
	fdc.check = CHECK_FIRST;
	fdc.done = fdc.segment = fdc.offset = 0;
	write_dor(drive->unit);
	outb(CCR, RATE_500);
	/* a flush: what is written is on the medium */
	if (drive->rq->sectors)
		next_step();
	else
		finish(BLK_FINE, 0);
}

/* --- the ends of steps --- */

static void seek_ended(struct drive *drive)
{
	u8 result[2] = { 0, 0 };

	if (!sense_interrupt(result)) {
		finish(BLK_BUS, fdc.done);
		return;
	}
	if ((result[0] & ST0_CODE) >= ST0_INVALID)
		return;		/* it was for something else */
	if ((result[0] & (ST0_CODE | ST0_SEEK_END)) != ST0_SEEK_END ||
	    result[1] != fdc.target) {
		finish(BLK_BUS, fdc.done);
		return;
	}
	drive->cylinder = fdc.target;
	wait_ms(SETTLE_MS);
}

static enum blk_cause cause_of(const u8 *st)
{
	if (!(st[0] & ST0_CODE))
		return BLK_FINE;
	if ((st[0] & ST0_CODE) == ST0_INVALID || st[1] & ST1_OVERRUN)
		return BLK_BUS;
	return st[1] & ST1_NOT_WRITABLE ? BLK_READ_ONLY : BLK_MEDIUM;
}

/* How far the command came: the sector that failed is in its result. */
static u32 done_before(const struct drive *drive, const u8 *result)
{
	u32 sectors = drive->type->sectors;
	u32 failed = (result[3] * HEADS + result[4]) * sectors + result[5] - 1;
	u32 first = (u32)drive->rq->sector + fdc.done;

	return failed - first < fdc.count ? fdc.done + failed - first :
					    fdc.done;
}

static void transfer_ended(struct drive *drive)
{
	const struct request *rq = drive->rq;
	u8 result[RESULTS];
	enum blk_cause cause = BLK_BUS;
	u32 left = isa_dma_stop(ISA_DMA_FLOPPY);

	if (!results(result, RESULTS)) {
		finish(BLK_BUS, fdc.done);
		return;
	}
	cause = cause_of(result);
	if (cause != BLK_FINE) {
		finish(cause, done_before(drive, result));
		return;
	}
	if (left) {	/* it ended well, and early: a deleted sector */
		finish(BLK_MEDIUM, fdc.done);
		return;
	}
	fdc.done += fdc.count;
	fdc.offset += fdc.count * SECTOR_SIZE;
	if (fdc.offset == rq->segments[fdc.segment].bv_len) {
		fdc.offset = 0;
		fdc.segment++;
	}
	if (fdc.done == rq->sectors)
		finish(BLK_FINE, fdc.done);
	else
		next_step();
}

/* It says so once for each of four drives, however many there are. */
static void reset_ended(void)
{
	u8 result[2];
	u32 i;

	for (i = 0; i < 4; i++)
		sense_interrupt(result);
	specify();
	for (i = 0; i < DRIVES; i++)
		fdc.drives[i].cylinder = UNKNOWN;
	fdc.state = IDLE;
	begin_waiting();
	wake_up(&fdc.wait);
}

/* Ends fdc.lock, and tells the block layer of what has ended. */
static void unlock(u32 flags)
{
	struct {
		bool ended;
		enum blk_cause cause;
		u32 done;
	} of[DRIVES];
	struct drive *drive;
	u32 i;

	for (i = 0; i < DRIVES; i++) {
		drive = &fdc.drives[i];
		of[i].ended = drive->ended;
		of[i].cause = drive->cause;
		of[i].done = drive->done;
		drive->ended = false;
	}
	spin_unlock_irqrestore(&fdc.lock, flags);
	for (i = 0; i < DRIVES; i++) {
		drive = &fdc.drives[i];
		if (!of[i].ended)
			continue;
		blk_end_request(&drive->bdev, of[i].cause, of[i].done);
		atomic_dec(&drive->telling);
	}
}

static bool interrupt(unsigned int irq, void *unused)
{
	u32 flags = spin_lock_irqsave(&fdc.lock);
	u8 result[2];

	switch (fdc.state) {
	case SEEKING:
		seek_ended(fdc.active);
		break;
	case TRANSFER:
		transfer_ended(fdc.active);
		break;
	case RESETTING:
		reset_ended();
		break;
	default:	/* a drive became ready, or an old command's */
		sense_interrupt(result);
	}
	unlock(flags);
	return true;
}

static void time_is_up(unsigned long unused)
{
	u32 flags = spin_lock_irqsave(&fdc.lock);

	/* set anew since it went off: then it goes off again */
	if (time_before(jiffies, fdc.timer.expires))
		;
	else if (fdc.state == WAITING)
		next_step();
	else if (fdc.state == IDLE) {
		fdc.motors = 0;
		write_dor(0);
	}
	unlock(flags);
}

bool floppy_motor_on(void)
{
	return fdc.motors != 0;
}

/* --- what the block layer calls --- */

static void start(struct block_device *bdev, struct request *rq)
{
	struct drive *drive = bdev->private;
	u32 flags = spin_lock_irqsave(&fdc.lock);

	BUG_ON(drive->rq, "a floppy drive has two requests");
	drive->rq = rq;
	begin(drive);
	unlock(flags);
}

/* Into reset and out of it, which interrupts. The lock is held: an interrupt
 * that is late would count as the reset's, and let the other drive begin. */
static void begin_reset(void)
{
	fdc.state = RESETTING;
	outb(DOR, (u8)fdc.motors);
	udelay(RESET_US);
	write_dor(0);
}

/* False: no interrupt came. */
static bool reset_has_ended(void)
{
	bool came;
	u32 flags;

	wait_event_timeout(fdc.wait, fdc.state != RESETTING,
			   msecs_to_jiffies(RESET_MS));
	flags = spin_lock_irqsave(&fdc.lock);
	came = fdc.state != RESETTING;
	if (!came) {
		fdc.state = IDLE;
		begin_waiting();
	}
	unlock(flags);
	return came;
}

static int reset(struct block_device *bdev)
{
	struct drive *drive = bdev->private;
	u32 flags = spin_lock_irqsave(&fdc.lock);
	bool at_work = fdc.active == drive;

	if (at_work) {
		stop_working();
		begin_reset();
	}
	drive->rq = NULL;
	unlock(flags);
	/* one that ended just now: the block layer hears of it first */
	while (atomic_read(&drive->telling))
		cpu_relax();
	return at_work && !reset_has_ended() ? -EIO : 0;
}

static u32 at_work_since(struct block_device *bdev)
{
	struct drive *drive = bdev->private;
	u32 flags = spin_lock_irqsave(&fdc.lock);
	u32 since = fdc.active == drive ? fdc.began : jiffies;

	spin_unlock_irqrestore(&fdc.lock, flags);
	return since;
}

static const struct block_driver floppy_driver = {
	.name = "floppy", .start = start, .reset = reset,
	.at_work_since = at_work_since,
};

/* --- boot --- */

static u8 cmos_drives(void)
{
	u32 flags = local_irq_save();
	u8 drives;

	outb(CMOS_INDEX, CMOS_DRIVES);
	drives = inb(CMOS_DATA);
	local_irq_restore(flags);
	return drives;
}

static const struct drive_type *type_of(u32 unit, u8 drives)
{
	u32 number = unit ? drives & 0xf : drives >> 4;

	return number < ARRAY_SIZE(drive_types) && drive_types[number].name ?
		&drive_types[number] : NULL;
}

/* "82077AA", "765": what answers to VERSION; NULL: nothing does. */
static const char *find_controller(void)
{
	static const u8 bytes[] = { CMD_VERSION };
	u32 flags;
	u8 version;

	/* nobody drives the bus: all ones */
	if (inb(MSR) == 0xff)
		return NULL;
	flags = spin_lock_irqsave(&fdc.lock);
	begin_reset();
	unlock(flags);
	if (!reset_has_ended() ||
	    !command(bytes, sizeof(bytes)) || !results(&version, 1))
		return NULL;
	return version == 0x90 ? "82077AA" : "765";
}

static void add_drive(u32 unit, const struct drive_type *type,
		      const char *controller)
{
	struct drive *drive = &fdc.drives[unit];
	struct block_device *bdev = &drive->bdev;

	drive->type = type;
	drive->unit = unit;
	drive->cylinder = UNKNOWN;
	snprintf(bdev->name, sizeof(bdev->name), "fd%u", unit);
	snprintf(bdev->model, sizeof(bdev->model), "%s floppy", type->name);
	bdev->capacity = (sector_t)CYLINDERS * HEADS * type->sectors;
	bdev->timeout = TIMEOUT_S * hz;
	bdev->limits = (struct queue_limits) {
		.dma_mask = ISA_DMA_MASK,
		.max_sectors = MAX_SECTORS,
		.max_segments = MAX_SEGMENTS,
		.max_segment_size = ISA_DMA_BOUNDARY + 1,
		.seg_boundary_mask = ISA_DMA_BOUNDARY,
	};
	bdev->driver = &floppy_driver;
	bdev->private = drive;
	if (add_disk(bdev))
		return;
	pr_info("%s: %s floppy at a %s, %u cylinders of %u x %u sectors\n",
		bdev->name, type->name, controller, CYLINDERS, HEADS,
		type->sectors);
}

void floppy_init(void)
{
	u8 drives = cmos_drives();
	const char *controller;
	u32 unit;

	if (!type_of(0, drives) && !type_of(1, drives))
		return;
	setup_timer(&fdc.timer, time_is_up, 0);
	if (request_irq(LINE, interrupt, 0, "floppy", NULL)) {
		pr_warn("floppy: interrupt %u is taken\n", LINE);
		return;
	}
	controller = find_controller();
	if (!controller) {
		pr_warn("floppy: no controller answers for the drives that the "
			"CMOS names\n");
		free_irq(LINE, NULL);
		return;
	}
	for (unit = 0; unit < DRIVES; unit++)
		if (type_of(unit, drives))
			add_drive(unit, type_of(unit, drives), controller);
}
