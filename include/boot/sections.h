/* Names the linker script gives to places in the image. */
#ifndef BOOT_SECTIONS_H
#define BOOT_SECTIONS_H

/* Virtual addresses; each range is [start, end) and begins on a page. */
extern char _text[], _etext[];			/* .boot and .text */
extern char __object_text_start[], __object_text_end[];	/* of mm/object */
extern char _sinittext[], _einittext[];		/* __init */
extern char __init_data_begin[], __init_data_end[];	/* __initdata */
extern char __start_rodata[], __end_rodata[];
extern char __start_symtab[], __end_symtab[];	/* the last part of rodata */
extern char _sdata[], _edata[];
extern char __bss_start[], __bss_stop[];
extern char _end[];				/* of the image */
extern char pg0[], __pg_tables_end[];		/* the provisional tables */
extern char boot_stack_guard[], boot_stack[], boot_stack_top[];

#endif
