/* PCI configuration space, of whatever machine this is. */
#include <kernel/cpu/pci.h>
#include "ktest.h"

#define CLASS_HOST_BRIDGE 0x0600
#define CLASS_NOBODYS 0x7fff
#define VENDOR_NONE 0xffffU

TEST(pci, host_bridge_is_found)
{
	u32 bridge = pci_find_class(CLASS_HOST_BRIDGE, 0);

	if (bridge == PCI_NONE) {
		test_skip("this machine has no PCI");
		return;
	}
	EXPECT_EQ(pci_read(bridge, PCI_CLASS) >> 16, CLASS_HOST_BRIDGE);
	EXPECT((pci_read(bridge, PCI_ID) & VENDOR_NONE) != VENDOR_NONE);
	/* itself again, and nothing twice */
	EXPECT_EQ(pci_find_class(CLASS_HOST_BRIDGE, bridge), bridge);
	EXPECT(pci_find_class(CLASS_HOST_BRIDGE, bridge + PCI_FUNCTION_STEP) !=
	       bridge);
}

TEST(pci, what_is_not_there_ends)
{
	EXPECT_EQ(pci_find_class(CLASS_NOBODYS, 0), PCI_NONE);
}

TEST(pci, a_write_hits_one_register)
{
	u32 bridge = pci_find_class(CLASS_HOST_BRIDGE, 0), before;

	if (bridge == PCI_NONE) {
		test_skip("this machine has no PCI");
		return;
	}
	/* read-only: nothing happens, to this one and to no other */
	before = pci_read(bridge, PCI_CLASS);
	pci_write(bridge, PCI_ID, 0);
	EXPECT((pci_read(bridge, PCI_ID) & VENDOR_NONE) != 0);
	EXPECT_EQ(pci_read(bridge, PCI_CLASS), before);
}
