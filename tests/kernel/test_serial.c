/* Input of the serial port: kernel/cpu/serial.c. The line itself is typed on by
 * tests/machines/prompt.py. */
#include <kernel/base/printk.h>
#include <kernel/cpu/serial.h>
#include "ktest.h"

static struct byte_ring ring;

TEST(serial, ring_keeps_order)
{
	u32 i, put = 0, got = 0;

	memset(&ring, 0, sizeof(ring));
	EXPECT_EQ(byte_ring_get(&ring), -1);
	/* many times round, never quite empty or full */
	for (i = 0; i < 10 * BYTE_RING_SIZE; i++) {
		EXPECT(byte_ring_put(&ring, (u8)(put++ * 7)));
		if (i % 3 && byte_ring_get(&ring) != (u8)(got++ * 7))
			EXPECT(!"another byte came out");
		if (put - got > BYTE_RING_SIZE / 2)
			while (got < put)
				if (byte_ring_get(&ring) != (u8)(got++ * 7))
					EXPECT(!"another byte came out");
	}
}

TEST(serial, ring_that_is_full_keeps_the_old)
{
	u32 i;

	memset(&ring, 0, sizeof(ring));
	/* the counts may wrap */
	ring.in = ring.out = ~0U - 5;
	for (i = 0; i < BYTE_RING_SIZE; i++)
		EXPECT(byte_ring_put(&ring, (u8)i));
	EXPECT(!byte_ring_put(&ring, 99));
	for (i = 0; i < BYTE_RING_SIZE; i++)
		if (byte_ring_get(&ring) != (u8)i)
			EXPECT(!"another byte came out");
	EXPECT_EQ(byte_ring_get(&ring), -1);
}

#define READY 0x61		/* line status: a byte, and nothing to send */
#define BREAK 0x10

TEST(serial, a_break_is_no_byte)
{
	bool broken = false;

	EXPECT(serial_byte_is_data(READY, 'a', &broken));
	EXPECT(serial_byte_is_data(READY, 0, &broken));
	/* as the data sheet says: with its own byte */
	EXPECT(!serial_byte_is_data(READY | BREAK, 0, &broken));
	EXPECT(serial_byte_is_data(READY, 0, &broken));
	/* told early, with bytes before it */
	EXPECT(serial_byte_is_data(READY | BREAK, 'b', &broken));
	EXPECT(serial_byte_is_data(READY, 'c', &broken));
	EXPECT(!serial_byte_is_data(READY, 0, &broken));
	EXPECT(serial_byte_is_data(READY, 0, &broken));
}

/* An interrupt took the byte behind the back of who sends. */
TEST(serial, a_status_may_be_past)
{
	u32 in = serial_counts().in;

	if (!serial_present()) {
		test_skip("there is no serial port");
		return;
	}
	serial_keep_received(READY);
	if (!EXPECT_EQ(serial_counts().in, in))
		serial_getc();
}

/* If somebody does, all that is known of it is told. */
TEST(serial, nobody_types)
{
	struct serial_counts before = serial_counts(), c;
	int got = serial_getc();
	bool quiet = EXPECT_EQ(got, -1) & EXPECT(!serial_poll()) &
		     EXPECT_EQ(serial_counts().dropped, 0);

	c = serial_counts();
	if (!quiet)
		printk("  # serial: %u interrupts, %u dropped, %u overruns, "
		       "%u breaks; ring in %u, out %u, before in %u, out %u\n",
		       c.interrupts, c.dropped, c.overruns, c.breaks, c.in,
		       c.out, before.in, before.out);
}
