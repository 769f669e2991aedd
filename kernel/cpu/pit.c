#include <kernel/cpu/io.h>
#include <kernel/cpu/pit.h>

#define CHANNEL_0 0x40
#define CONTROL 0x43
#define RATE_GENERATOR 0x34	/* channel 0, low and high byte, mode 2 */
#define LATCH_COUNT 0x00	/* channel 0: hold what is read next */

void pit_start(u32 latch)
{
	outb(CONTROL, RATE_GENERATOR);
	outb(CHANNEL_0, (u8)latch);
	outb(CHANNEL_0, (u8)(latch >> 8));
}

u32 pit_read(void)
{
	u32 low, high;

	outb(CONTROL, LATCH_COUNT);
	low = inb(CHANNEL_0);
	high = inb(CHANNEL_0);
	low |= high << 8;
	/* 65536 does not fit into the register, and reads as 0 */
	return low ? low : 65536;
}
