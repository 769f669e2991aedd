/* Port input and output. SDM volume 1, chapter 19. Any context. */
#ifndef KERNEL_CPU_IO_H
#define KERNEL_CPU_IO_H

#include <kernel/lib/types.h>

static inline void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}


static inline u32 inl(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

/* count words, one after the other, of the one port. */
static inline void insw(u16 port, void *to, u32 count)
{
	__asm__ volatile("rep insw" : "+D"(to), "+c"(count) : "d"(port)
			 : "memory");
}

static inline void outsw(u16 port, const void *from, u32 count)
{
	__asm__ volatile("rep outsw" : "+S"(from), "+c"(count) : "d"(port)
			 : "memory");
}

#endif
