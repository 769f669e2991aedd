/*
 * PCI configuration space, by configuration mechanism 1: an address at one
 * port, four bytes at another. PCI Local Bus Specification 3.0, sections
 * 3.2.2.3 and 6.1; classes: appendix D.
 *
 * A function is known by its bus, device and function number, as they stand in
 * the address. Any context; takes pci_lock.
 */
#ifndef KERNEL_CPU_PCI_H
#define KERNEL_CPU_PCI_H

#include <kernel/lib/types.h>

#define PCI_FUNCTION_STEP 0x100U	/* from one function to the next */
#define PCI_NONE (~0U)

#define PCI_ID 0x00			/* vendor in the lower half */
#define PCI_COMMAND 0x04
#define PCI_COMMAND_IO 0x1U		/* answers to its ports */
#define PCI_COMMAND_MASTER 0x4U		/* may master the bus */
#define PCI_CLASS 0x08			/* and subclass, interface, revision */
#define PCI_HEADER 0x0c			/* its type in the third byte */
#define PCI_BAR(n) (0x10U + 4 * (n))
#define PCI_BAR_IO 1U			/* ports, not memory */

/* The four bytes at reg, a multiple of 4. All ones: there is nothing. */
u32 pci_read(u32 function, u32 reg);
void pci_write(u32 function, u32 reg, u32 value);

/*
 * The next function of a class and subclass (as 0x0101) from `from` on, 0 the
 * first; PCI_NONE: there are no more, or no PCI. Behind a bridge, too.
 */
u32 pci_find_class(u32 class, u32 from);

#endif
