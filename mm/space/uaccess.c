/*
 * The instructions that touch user memory: all of them stand here, and in the
 * exception table. A fault that cannot be answered goes on behind them with
 * what is left to copy in ECX.
 */
#include <kernel/cpu/traps.h>
#include <kernel/lib/string.h>
#include <mm/space/uaccess.h>

/* What could not be copied. A word that is there in part only is tried again
 * by bytes. */
static u32 copy_bytes(void *to, const void *from, u32 n)
{
	u32 left = n / 4;

	__asm__ volatile("1:	rep; movsl\n\t"
			 "movl	%3, %0\n\t"
			 "2:	rep; movsb\n\t"
			 "jmp	4f\n\t"
			 "3:	leal	(%3,%0,4), %0\n\t"
			 "jmp	2b\n\t"
			 "4:\n\t"
			 EXCEPTION_ENTRY(1b, 3b)
			 EXCEPTION_ENTRY(2b, 4b)
			 : "+c"(left), "+D"(to), "+S"(from)
			 : "r"(n & 3)
			 : "memory");
	return left;
}

u32 copy_to_user(void *to, const void *from, u32 n)
{
	return access_ok(to, n) ? copy_bytes(to, from, n) : n;
}

u32 copy_from_user(void *to, const void *from, u32 n)
{
	u32 left = access_ok(from, n) ? copy_bytes(to, from, n) : n;

	if (left)
		memset((char *)to + (n - left), 0, left);
	return left;
}

u32 copy_from_user_inatomic(void *to, const void *from, u32 n)
{
	return access_ok(from, n) ? copy_bytes(to, from, n) : n;
}

u32 clear_user(void *to, u32 n)
{
	u32 left = n;

	if (!access_ok(to, n))
		return n;
	__asm__ volatile("1:	rep; stosb\n\t"
			 "2:\n\t"
			 EXCEPTION_ENTRY(1b, 2b)
			 : "+c"(left), "+D"(to)
			 : "a"(0)
			 : "memory");
	return left;
}

/* One byte, or -EFAULT. */
static int read_byte(const char *from)
{
	int value = -EFAULT;
	u8 byte = 0;

	__asm__ volatile("1:	movb	%2, %1\n\t"
			 "movzbl	%1, %0\n\t"
			 "2:\n\t"
			 EXCEPTION_ENTRY(1b, 2b)
			 : "+r"(value), "+q"(byte)
			 : "m"(*from));
	return value;
}

int strncpy_from_user(char *to, const char *from, u32 n)
{
	u32 i;
	int byte;

	for (i = 0; i < n; i++) {
		byte = access_ok(from + i, 1) ? read_byte(from + i) : -EFAULT;
		if (byte < 0)
			return byte;
		to[i] = (char)byte;
		if (!byte)
			break;
	}
	return (int)i;
}

u32 strnlen_user(const char *text, u32 n)
{
	u32 i;
	int byte;

	for (i = 0; i < n; i++) {
		byte = access_ok(text + i, 1) ? read_byte(text + i) : -EFAULT;
		if (byte <= 0)
			return byte ? 0 : i + 1;
	}
	return n + 1;
}

int __get_user_bytes(void *to, const void *from, u32 size)
{
	return copy_from_user(to, from, size) ? -EFAULT : 0;
}

int __put_user_bytes(void *to, const void *from, u32 size)
{
	return copy_to_user(to, from, size) ? -EFAULT : 0;
}
