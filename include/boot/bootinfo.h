/*
 * What the boot loader told, copied before paging to where the provisional
 * tables reach. Multiboot 1 information is turned into multiboot2 tags on the
 * way, so that all that follows reads one format.
 */
#ifndef BOOT_BOOTINFO_H
#define BOOT_BOOTINFO_H

#include <kernel/lib/types.h>

#define MULTIBOOT1_MAGIC 0x2badb002	/* EAX at entry, multiboot 0.6.96 3.2 */
#define MULTIBOOT2_MAGIC 0x36d76289	/* EAX at entry, multiboot2 2.0 3.3 */

#define BOOT_INFO_MAX 0x8000	/* guessed: GRUB on UEFI gives about 9 KB */

struct boot_info {
	u32 magic;	/* EAX at entry, as it was */
	u32 address;	/* EBX at entry, as it was */
	u32 size;	/* bytes of raw[] that are valid */
	u32 claimed;	/* bytes there should be; > size: it did not fit */
	u8 raw[BOOT_INFO_MAX] __attribute__((aligned(8)));
};

extern struct boot_info boot_info;

#endif
