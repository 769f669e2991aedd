#include <kernel/cpu/io.h>
#include <kernel/cpu/processor.h>
#include "rtc_irq.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define RTC_A 0x0a
#define RTC_B 0x0b
#define RTC_C 0x0c
#define RATE_MASK 0x0f
#define RATE_1024 0x06
#define PERIODIC 0x40		/* in B: enabled; in C: it was that */

static u8 rate_before;

static u8 read_register(u8 index)
{
	outb(CMOS_INDEX, index);
	return inb(CMOS_DATA);
}

static void write_register(u8 index, u8 value)
{
	outb(CMOS_INDEX, index);
	outb(CMOS_DATA, value);
}

bool rtc_was_it(void)
{
	/* reading it lets the next one come */
	return read_register(RTC_C) & PERIODIC;
}

bool rtc_start(irq_handler_t handler, void *dev)
{
	u32 flags;

	if (request_irq(RTC_LINE, handler, 0, "rtc", dev))
		return false;
	flags = local_irq_save();
	rate_before = read_register(RTC_A);
	write_register(RTC_A, (u8)((rate_before & ~RATE_MASK) | RATE_1024));
	write_register(RTC_B, read_register(RTC_B) | PERIODIC);
	rtc_was_it();
	local_irq_restore(flags);
	return true;
}

void rtc_stop(void *dev)
{
	u32 flags = local_irq_save();

	write_register(RTC_B, read_register(RTC_B) & (u8)~PERIODIC);
	write_register(RTC_A, rate_before);
	rtc_was_it();
	local_irq_restore(flags);
	free_irq(RTC_LINE, dev);
}
