/* Input of the serial port: kernel/cpu/serial.c. The line itself is typed on by
 * tests/machines/prompt.py. */
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

TEST(serial, nobody_types)
{
	EXPECT_EQ(serial_getc(), -1);
	EXPECT(!serial_poll());
	EXPECT_EQ(serial_counts().dropped, 0);
}
