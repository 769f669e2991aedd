/*
 * Segment selectors: the reference's (ULK3 section 2.3.1), so that what GDB
 * shows can be held against the book. Shared by C and assembly.
 */
#ifndef KERNEL_CPU_SEGMENT_H
#define KERNEL_CPU_SEGMENT_H

#define GDT_ENTRIES 32

#define GDT_ENTRY_TLS 6		/* of the process that runs: as on Linux */
#define GDT_TLS_ENTRIES 3
#define GDT_ENTRY_KERNEL_CS 12
#define GDT_ENTRY_KERNEL_DS 13
#define GDT_ENTRY_USER_CS 14
#define GDT_ENTRY_USER_DS 15
#define GDT_ENTRY_TSS 16
#define GDT_ENTRY_DOUBLEFAULT_TSS 31

#define __KERNEL_CS (GDT_ENTRY_KERNEL_CS * 8)		/* 0x60 */
#define __KERNEL_DS (GDT_ENTRY_KERNEL_DS * 8)		/* 0x68 */
#define __USER_CS (GDT_ENTRY_USER_CS * 8 + 3)		/* 0x73 */
#define __USER_DS (GDT_ENTRY_USER_DS * 8 + 3)		/* 0x7b */
#define __TSS_SEL (GDT_ENTRY_TSS * 8)			/* 0x80 */
#define __DOUBLEFAULT_TSS_SEL (GDT_ENTRY_DOUBLEFAULT_TSS * 8)	/* 0xf8 */

#endif
