/*
 * Runs before paging, at physical addresses.
 *
 * Until start_kernel() has its own IDT, a mistake would reset the machine
 * without a word, and this is where beginners make them. So a small IDT stands
 * from the first instructions on; its handlers say what happened and stop. They
 * stand in the identity map and work before and after paging goes on.
 */
#include "early.h"
#include <boot/sections.h>
#include <kernel/cpu/io.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/segment.h>
#include <kernel/cpu/serial.h>

#define BOOT_VECTORS 32
#define ENTRY_SIZE 8		/* of a stub in head.S */
#define GATE_INTERRUPT 0x8e00

static u32 boot_idt[BOOT_VECTORS][2];

extern const u8 boot_trap_entries[];

void boot_idt_init(void);
void boot_exception(const u32 *stack);
void boot_no_ram(void);

void boot_idt_init(void)
{
	struct table_register idtr;
	u32 i;

	for (i = 0; i < BOOT_VECTORS; i++) {
		u32 entry = (u32)(uintptr_t)boot_trap_entries + i * ENTRY_SIZE;

		boot_idt[i][0] = (entry & 0xffff) | __KERNEL_CS << 16;
		boot_idt[i][1] = (entry & 0xffff0000) | GATE_INTERRUPT;
	}
	idtr.limit = sizeof(boot_idt) - 1;
	idtr.base = (u32)(uintptr_t)boot_idt;
	__asm__ volatile("lidt %0" : : "m"(idtr));
}

/* The port as the firmware left it: emulators do not care about its speed. */
static void put(char c)
{
	int patience = 100000;	/* as the serial driver's */

	while (!(inb(SERIAL_PORT + 5) & 0x20) && --patience)
		;
	outb(SERIAL_PORT, (u8)c);
	outb(0xe9, (u8)c);
}

static void put_string(const char *s)
{
	while (*s)
		put(*s++);
}

static void put_hex(const char *name, u32 value)
{
	int shift;

	put_string(name);
	for (shift = 28; shift >= 0; shift -= 4)
		put("0123456789abcdef"[value >> shift & 15]);
}

/* stack: the vector, then what the CPU pushed, perhaps an error code first. */
void boot_exception(const u32 *stack)
{
	put_hex("\r\nswapper: exception before the IDT is up: vector ",
		stack[0]);
	put_hex("\r\nstack ", stack[1]);
	put_hex(" ", stack[2]);
	put_hex(" ", stack[3]);
	put_hex(" cr0 ", read_cr0());
	put_hex(" cr2 ", read_cr2());
	put_hex(" cr3 ", read_cr3());
	put_string("\r\nhalted\r\n");
	cpu_halt_forever();
}

/* The first thing that is found out, so that nothing is written anywhere. */
void boot_no_ram(void)
{
	put_string("\r\nswapper: PANIC: there is too little RAM: ");
	put_hex("the kernel ends at ",
		(u32)(uintptr_t)PHYS(__pg_tables_end));
	put_string("\r\nhalted\r\n");
	cpu_halt_forever();
}
