#include <kernel/cpu/io.h>
#include <kernel/cpu/pci.h>
#include <kernel/lock.h>

#define ADDRESS_PORT 0xcf8
#define DATA_PORT 0xcfc
#define ENABLE 0x80000000U

#define BUS_SHIFT 16
#define FUNCTION_MASK 0x700U
#define END (256U << BUS_SHIFT)

#define HEADER_TYPE(header) ((header) >> 16 & 0x7f)
#define HEADER_MULTI 0x800000U		/* has more functions than 0 */
#define HEADER_BRIDGE 1U
#define BRIDGE_BUSES 0x18		/* highest bus behind it: third byte */

static spinlock_t pci_lock = SPIN_LOCK_UNLOCKED("pci_lock");

u32 pci_read(u32 function, u32 reg)
{
	u32 flags = spin_lock_irqsave(&pci_lock), value;

	outl(ADDRESS_PORT, ENABLE | function | reg);
	value = inl(DATA_PORT);
	spin_unlock_irqrestore(&pci_lock, flags);
	return value;
}

void pci_write(u32 function, u32 reg, u32 value)
{
	u32 flags = spin_lock_irqsave(&pci_lock);

	outl(ADDRESS_PORT, ENABLE | function | reg);
	outl(DATA_PORT, value);
	spin_unlock_irqrestore(&pci_lock, flags);
}

/* The address port keeps what is written; nothing does on a PC without PCI. */
static bool pci_is_there(void)
{
	u32 flags = spin_lock_irqsave(&pci_lock);
	bool kept;

	outl(ADDRESS_PORT, ENABLE);
	kept = inl(ADDRESS_PORT) == ENABLE;
	spin_unlock_irqrestore(&pci_lock, flags);
	return kept;
}

/* Function 0 says whether the others are there: they may answer all the same,
 * as copies of it. */
static bool function_is_there(u32 function)
{
	if (pci_read(function, PCI_ID) == ~0U)
		return false;
	return !(function & FUNCTION_MASK) ||
	       pci_read(function & ~FUNCTION_MASK, PCI_HEADER) & HEADER_MULTI;
}

static u32 last_bus_behind(u32 function)
{
	if (HEADER_TYPE(pci_read(function, PCI_HEADER)) != HEADER_BRIDGE)
		return 0;
	return pci_read(function, BRIDGE_BUSES) >> 16 & 0xff;
}

/* Bridges lead to higher buses only, as the firmware numbers them. */
u32 pci_find_class(u32 class, u32 from)
{
	u32 function, last = 0;

	if (!pci_is_there())
		return PCI_NONE;
	for (function = 0; function < END && function >> BUS_SHIFT <= last;
	     function += PCI_FUNCTION_STEP) {
		if (!function_is_there(function))
			continue;
		if (function >= from &&
		    pci_read(function, PCI_CLASS) >> 16 == class)
			return function;
		last = max(last, last_bus_behind(function));
	}
	return PCI_NONE;
}
