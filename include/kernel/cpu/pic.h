/* The pair of 8259 interrupt controllers. Intel 8259A data sheet. */
#ifndef KERNEL_CPU_PIC_H
#define KERNEL_CPU_PIC_H

#include <kernel/lib/types.h>

/* Moves IRQ 0..15 to vectors FIRST_IRQ_VECTOR..+15 and masks all of them. */
void pic_init(void);

/* The mask as the chips hold it, IRQ 0 in bit 0; 1: masked. */
u16 pic_mask(void);

#endif
