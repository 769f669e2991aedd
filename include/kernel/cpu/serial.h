/*
 * The first serial port, a 16550 at 0x3F8: 115200 baud, 8N1. National
 * Semiconductor PC16550D data sheet. Any context, but serial_listen(): not from
 * a handler. Sending has no lock (printk's lock orders its callers).
 */
#ifndef KERNEL_CPU_SERIAL_H
#define KERNEL_CPU_SERIAL_H

#include <kernel/lib/types.h>

#define SERIAL_PORT 0x3f8

/* Programs the port; false if there is none, and then the rest does nothing. */
bool serial_init(void);
bool serial_present(void);

/* "\n" goes out as "\r\n". A port that stops taking bytes does not stop us. */
void serial_write(const char *s, size_t n);

/* The next byte received, or -1. Before serial_listen() it asks the port. */
int serial_getc(void);

/*
 * Did somebody send the byte that was read after this line status? *broken: a
 * break was told, and its zero byte has not come. No lock.
 */
bool serial_byte_is_data(u8 lsr, u8 byte, bool *broken);

/*
 * Sending read this line status, and a byte was there. An interrupt may have
 * taken it since: what the status says now counts, but for what reading it
 * cleared. Nothing is taken while another has the lock.
 */
void serial_keep_received(u8 lsr);

/* Takes what the port has received: was there any? */
bool serial_poll(void);

/*
 * From now on received bytes interrupt, and hook is called behind them, in the
 * handler. -ENODEV: there is no port; or what request_irq() says.
 */
int serial_listen(void (*hook)(void));

struct serial_counts {
	u32 interrupts;		/* that were the port's */
	u32 dropped;		/* bytes that the ring had no room for */
	u32 overruns;		/* how often the port itself lost some */
	u32 breaks;		/* of the line; the zero byte of each is none */
	u32 in, out;		/* of the ring: bytes ever put, ever got */
};

struct serial_counts serial_counts(void);

/* Bytes first in, first out; zeroed it is empty. No lock. */
#define BYTE_RING_SIZE 4096U	/* guessed: 16 lines of the prompt */

struct byte_ring {
	u32 in, out;		/* ever put, ever got */
	u8 bytes[BYTE_RING_SIZE];
};

bool byte_ring_put(struct byte_ring *r, u8 byte);	/* false: full */
int byte_ring_get(struct byte_ring *r);			/* -1: empty */

#endif
