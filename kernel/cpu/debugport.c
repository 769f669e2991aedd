#include <kernel/cpu/debugport.h>
#include <kernel/cpu/io.h>

#define PORT_E9 0xe9
#define PORT_ISA_DEBUG_EXIT 0xf4
#define PORT_BOCHS_SHUTDOWN 0x8900

bool debugport_present(void)
{
	return inb(PORT_E9) == 0xe9;
}

void debugport_write(const char *s, size_t n)
{
	while (n--)
		outb(PORT_E9, (u8)*s++);
}

void debug_exit(u32 code)
{
	const char *word = "Shutdown";

	outl(PORT_ISA_DEBUG_EXIT, code);
	while (*word)
		outb(PORT_BOCHS_SHUTDOWN, (u8)*word++);
}
