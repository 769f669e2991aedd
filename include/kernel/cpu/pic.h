/* The pair of 8259 interrupt controllers. Intel 8259A data sheet. */
#ifndef KERNEL_CPU_PIC_H
#define KERNEL_CPU_PIC_H

#include <kernel/lib/types.h>

/* Moves IRQ 0..15 to vectors FIRST_IRQ_VECTOR..+15 and masks all of them. */
void pic_init(void);

/* The mask as the chips hold it, IRQ 0 in bit 0; 1: masked. */
u16 pic_mask(void);

/*
 * One line. The caller orders them (irq.c's lock), interrupts off. Unmasking
 * one of the second chip opens the cascade, too.
 */
void pic_mask_line(unsigned int irq);
void pic_unmask(unsigned int irq);

/*
 * Is the interrupt that was just taken none? A line that fell back before the
 * CPU asked is told as 7 or 15, and is not in service. To be asked once, first;
 * true: nothing more is to be done.
 */
bool pic_is_spurious(unsigned int irq);

/* The line's interrupt was served. */
void pic_end(unsigned int irq);

#endif
