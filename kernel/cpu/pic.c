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

/* OCW2: the line that is in service, by number, ends. */
#define SPECIFIC_EOI 0x60
#define READ_IN_SERVICE 0x0b	/* OCW3 */
#define SPURIOUS_LINE 7U

static void set_mask(unsigned int irq, bool masked)
{
	u16 port = (irq < 8 ? PIC1 : PIC2) + PIC_DATA;
	u8 bit = (u8)(1U << irq % 8), mask = inb(port);

	outb(port, masked ? mask | bit : mask & (u8)~bit);
}

void pic_mask_line(unsigned int irq)
{
	set_mask(irq, true);
}

void pic_unmask(unsigned int irq)
{
	set_mask(irq, false);
	/* the second chip speaks through the first */
	if (irq >= 8)
		set_mask(CASCADE_IRQ, false);
}

bool pic_is_spurious(unsigned int irq)
{
	u16 port = irq < 8 ? PIC1 : PIC2;

	if (irq % 8 != SPURIOUS_LINE)
		return false;
	outb(port, READ_IN_SERVICE);
	if (inb(port) & 1U << SPURIOUS_LINE)
		return false;
	/* for the first chip the second one's request was real */
	if (port == PIC2)
		outb(PIC1, SPECIFIC_EOI | CASCADE_IRQ);
	return true;
}

void pic_end(unsigned int irq)
{
	if (irq >= 8) {
		outb(PIC2, (u8)(SPECIFIC_EOI | irq % 8));
		irq = CASCADE_IRQ;
	}
	outb(PIC1, (u8)(SPECIFIC_EOI | irq));
}

u16 pic_mask(void)
{
	return (u16)(inb(PIC1 + PIC_DATA) | inb(PIC2 + PIC_DATA) << 8);
}
