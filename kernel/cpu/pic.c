/*
 * At reset the first 8259 sends IRQ 0..7 as vectors 8..15, which the 386 gave
 * to exceptions: a timer tick would look like a double fault. So both are moved
 * up before anything else, and stay masked until interrupts have handlers.
 */
#include <kernel/cpu/io.h>
#include <kernel/cpu/pic.h>
#include <kernel/cpu/traps.h>

#define PIC1 0x20
#define PIC2 0xa0
#define PIC_DATA 1

#define ICW1_INIT 0x11		/* edge triggered, cascade, ICW4 follows */
#define ICW4_8086 0x01
#define CASCADE_IRQ 2

void pic_init(void)
{
	outb(PIC1, ICW1_INIT);
	outb(PIC2, ICW1_INIT);
	outb(PIC1 + PIC_DATA, FIRST_IRQ_VECTOR);
	outb(PIC2 + PIC_DATA, FIRST_IRQ_VECTOR + 8);
	outb(PIC1 + PIC_DATA, 1 << CASCADE_IRQ);
	outb(PIC2 + PIC_DATA, CASCADE_IRQ);
	outb(PIC1 + PIC_DATA, ICW4_8086);
	outb(PIC2 + PIC_DATA, ICW4_8086);
	outb(PIC1 + PIC_DATA, 0xff);
	outb(PIC2 + PIC_DATA, 0xff);
}

u16 pic_mask(void)
{
	return (u16)(inb(PIC1 + PIC_DATA) | inb(PIC2 + PIC_DATA) << 8);
}
