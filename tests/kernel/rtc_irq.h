/*
 * The real-time clock as a device that interrupts by itself, 1024 times a
 * second, on line 8. MC146818A data sheet. For tests of whatever an interrupt
 * must not disturb; not two at once.
 */
#ifndef TESTS_KERNEL_RTC_IRQ_H
#define TESTS_KERNEL_RTC_IRQ_H

#include <kernel/cpu/irq.h>

#define RTC_LINE 8U
#define RTC_HZ 1024U

/* From now on each interrupt calls the handler. False: the line is taken. */
bool rtc_start(irq_handler_t handler, void *dev);

/* In the handler: was it that? Without this call no other one comes. */
bool rtc_was_it(void);

void rtc_stop(void *dev);

#endif
