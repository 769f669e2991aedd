#include <kernel/cpu/io.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/serial.h>

enum {
	REG_DATA = 0,		/* divisor low while LCR.DLAB */
	REG_IER = 1,		/* divisor high while LCR.DLAB */
	REG_FCR = 2,
	REG_LCR = 3,
	REG_MCR = 4,
	REG_LSR = 5,
	REG_SCRATCH = 7,
};

#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define FCR_ENABLE_AND_CLEAR 0x07
#define MCR_DTR_RTS_OUT2 0x0b
#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY 0x20

#define DIVISOR_115200 1	/* derived: 1.8432 MHz / 16 / 115200 */
#define SEND_PATIENCE 100000	/* guessed: far above a byte's 87 us */

static bool present;

static u8 read_reg(int reg)
{
	return inb(SERIAL_PORT + reg);
}

static void write_reg(int reg, u8 value)
{
	outb(SERIAL_PORT + reg, value);
}

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

static void send(char c)
{
	int patience = SEND_PATIENCE;

	while (!(read_reg(REG_LSR) & LSR_THR_EMPTY))
		if (!--patience)
			return;
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

int serial_getc(void)
{
	if (!present || !(read_reg(REG_LSR) & LSR_DATA_READY))
		return -1;
	return read_reg(REG_DATA);
}
