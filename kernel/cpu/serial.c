/*
 * 1. Sending is polled: what the kernel says must come out also when nothing
 *    else works.
 *
 * 2. Receiving. The port interrupts for each byte; the handler puts all there
 *    are into a ring and calls serial_hook. A byte that finds the ring full is
 *    dropped and counted, as are those that the port itself lost.
 *
 * 3. The port keeps 16 bytes, 1.4 ms of line. Whoever prints does so with
 *    interrupts off, and a long line takes 7 ms: so sending looks for bytes
 *    that came, too.
 *
 * 4. A line that is held low for longer than a byte is a break: the port says
 *    so (LSR bit 4) and delivers a zero byte for it, which nobody sent. It is
 *    dropped and counted. QEMU says it as soon as it has come, with older bytes
 *    still before the zero: so the next zero is the one.
 *
 * 5. No interrupts: while nobody listens serial_getc() asks the port itself; if
 *    the line is dead, serial_poll() helps. What is taken so may have raised an
 *    interrupt that finds nothing any more: the handler claims that one, too.
 *
 * Lock: rx_lock, interrupts off. Sending only tries it: it may be a panic's,
 * and the lock the victim's.
 */
#include <kernel/cpu/io.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/serial.h>
#include <kernel/lib/errno.h>
#include <kernel/lock.h>

enum {
	REG_DATA = 0,		/* divisor low while LCR.DLAB */
	REG_IER = 1,		/* divisor high while LCR.DLAB */
	REG_FCR = 2,		/* to read: IIR */
	REG_IIR = 2,
	REG_LCR = 3,
	REG_MCR = 4,
	REG_LSR = 5,
	REG_MSR = 6,
	REG_SCRATCH = 7,
};

#define IER_RECEIVED 0x01
#define IER_LINE_STATUS 0x04
#define IIR_NONE 0x01
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define FCR_ENABLE_AND_CLEAR 0x07
#define MCR_DTR_RTS_OUT2 0x0b
#define LSR_DATA_READY 0x01
#define LSR_OVERRUN 0x02
#define LSR_BREAK 0x10
#define LSR_THR_EMPTY 0x20

#define DIVISOR_115200 1	/* derived: 1.8432 MHz / 16 / 115200 */
#define SEND_PATIENCE 100000	/* guessed: far above a byte's 87 us */
#define HANDLER_ROUNDS 64	/* guessed: a port that never is content */

static void (*serial_hook)(void);

static bool present;
static spinlock_t rx_lock = SPIN_LOCK_UNLOCKED("rx_lock");
static struct byte_ring ring;
static bool taken_early;	/* bytes, by others than the handler */
static bool listening;
static bool break_came;		/* and its zero byte is to come */
static struct serial_counts counts;

static u8 read_reg(int reg)
{
	return inb(SERIAL_PORT + reg);
}

static void write_reg(int reg, u8 value)
{
	outb(SERIAL_PORT + reg, value);
}

/* --- the ring --- */

bool byte_ring_put(struct byte_ring *r, u8 byte)
{
	if (r->in - r->out == BYTE_RING_SIZE)
		return false;
	r->bytes[r->in++ % BYTE_RING_SIZE] = byte;
	return true;
}

int byte_ring_get(struct byte_ring *r)
{
	if (r->in == r->out)
		return -1;
	return r->bytes[r->out++ % BYTE_RING_SIZE];
}

/* --- the port --- */

/* A port that is not there reads as all ones and remembers nothing. */
static bool probe(void)
{
	write_reg(REG_SCRATCH, 0x5a);
	if (read_reg(REG_SCRATCH) != 0x5a)
		return false;
	write_reg(REG_SCRATCH, 0xa5);
	return read_reg(REG_SCRATCH) == 0xa5;
}

bool serial_init(void)
{
	present = probe();
	if (!present)
		return false;
	write_reg(REG_IER, 0);
	write_reg(REG_LCR, LCR_8N1 | LCR_DLAB);
	write_reg(REG_DATA, DIVISOR_115200);
	write_reg(REG_IER, 0);
	write_reg(REG_LCR, LCR_8N1);
	write_reg(REG_FCR, FCR_ENABLE_AND_CLEAR);
	write_reg(REG_MCR, MCR_DTR_RTS_OUT2);
	return true;
}

bool serial_present(void)
{
	return present;
}

/* --- receiving --- */

bool serial_byte_is_data(u8 lsr, u8 byte, bool *broken)
{
	*broken |= !!(lsr & LSR_BREAK);
	if (!*broken || byte)
		return true;
	*broken = false;
	return false;
}

/* One that is there. */
static void receive_byte(u8 lsr)
{
	u8 byte = read_reg(REG_DATA);

	counts.breaks += !!(lsr & LSR_BREAK);
	counts.overruns += !!(lsr & LSR_OVERRUN);
	if (serial_byte_is_data(lsr, byte, &break_came) &&
	    !byte_ring_put(&ring, byte))
		counts.dropped++;
}

/* All bytes that have come; lsr: as it was read last. The lock is held. True:
 * there were some. */
static bool receive(u8 lsr)
{
	bool any = lsr & LSR_DATA_READY;

	for (; lsr & LSR_DATA_READY; lsr = read_reg(REG_LSR))
		receive_byte(lsr);
	break_came = false;
	return any;
}

bool serial_poll(void)
{
	u32 flags;
	bool any;

	if (!present)
		return false;
	flags = spin_lock_irqsave(&rx_lock);
	any = receive(read_reg(REG_LSR));
	taken_early |= any;
	spin_unlock_irqrestore(&rx_lock, flags);
	return any;
}

/* Is there a cause? Reading these takes each away. The lock is held. */
static bool serve_cause(void)
{
	if (read_reg(REG_IIR) & IIR_NONE)
		return false;
	receive(read_reg(REG_LSR));
	read_reg(REG_MSR);
	return true;
}

static bool on_interrupt(unsigned int irq, void *dev)
{
	u32 flags = spin_lock_irqsave(&rx_lock);
	bool ours = taken_early;
	int rounds = 0;

	taken_early = false;
	while (rounds < HANDLER_ROUNDS && serve_cause())
		rounds++;
	spin_unlock_irqrestore(&rx_lock, flags);
	if (!rounds && !ours)
		return false;
	counts.interrupts++;
	if (serial_hook)
		serial_hook();
	return true;
}

int serial_listen(void (*hook)(void))
{
	int err;

	if (!present)
		return -ENODEV;
	serial_hook = hook;
	err = request_irq(IRQ_SERIAL, on_interrupt, 0, "serial", NULL);
	if (err)
		return err;
	listening = true;
	write_reg(REG_IER, IER_RECEIVED | IER_LINE_STATUS);
	return 0;
}

int serial_getc(void)
{
	u32 flags;
	int c;

	if (!present)
		return -1;
	if (!listening)
		serial_poll();
	flags = spin_lock_irqsave(&rx_lock);
	c = byte_ring_get(&ring);
	spin_unlock_irqrestore(&rx_lock, flags);
	return c;
}

struct serial_counts serial_counts(void)
{
	struct serial_counts now = counts;

	now.in = ring.in;
	now.out = ring.out;
	return now;
}

/* --- sending --- */

void serial_keep_received(u8 lsr)
{
	u32 flags = local_irq_save();

	lsr &= LSR_OVERRUN | LSR_BREAK;
	if (spin_trylock(&rx_lock)) {
		taken_early |= receive(read_reg(REG_LSR) | lsr);
		spin_unlock(&rx_lock);
	}
	local_irq_restore(flags);
}

static void send(char c)
{
	int patience = SEND_PATIENCE;
	u8 lsr;

	for (;;) {
		lsr = read_reg(REG_LSR);
		if (lsr & LSR_DATA_READY)
			serial_keep_received(lsr);
		if (lsr & LSR_THR_EMPTY)
			break;
		if (!--patience)
			return;
	}
	write_reg(REG_DATA, (u8)c);
}

void serial_write(const char *s, size_t n)
{
	if (!present)
		return;
	for (; n; n--, s++) {
		if (*s == '\n')
			send('\r');
		send(*s);
	}
}
