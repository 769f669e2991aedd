#include <kernel/lib/compiler.h>
#include <kernel/lib/string.h>

/*
 * The rep string instructions are the shortest loops an i386 has, and the
 * compiler calls these four by itself. The direction flag is clear (ABI).
 * Builds for other machines (tests on the host) take their C library's.
 */

void *memcpy(void *dst, const void *src, size_t n)
{
	void *to = dst;
	size_t words = n / 4, bytes = n % 4;

	__asm__ volatile("rep movsl\n\t"
			 "movl %3, %%ecx\n\t"
			 "rep movsb"
			 : "+&D"(to), "+&S"(src), "+&c"(words)
			 : "r"(bytes)
			 : "memory");
	return dst;
}

/* From the end on, for an overlap with dst above src. */
static void copy_backwards(char *to, const char *from, size_t n)
{
	const u32 odd = (u32)(uintptr_t)to | (u32)(uintptr_t)from | (u32)n;
	const u32 *from_words = (const void *)from;
	u32 *to_words = (void *)to;

	if (odd % 4) {
		while (n--)
			to[n] = from[n];
		return;
	}
	for (n /= 4; n--;)
		to_words[n] = from_words[n];
}

void *memmove(void *dst, const void *src, size_t n)
{
	char *to = dst;
	const char *from = src;

	if (to <= from || to >= from + n)
		return memcpy(dst, src, n);
	copy_backwards(to, from, n);
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	void *to = dst;
	u32 word = (u8)c * 0x01010101U;
	size_t words = n / 4, bytes = n % 4;

	__asm__ volatile("rep stosl\n\t"
			 "movl %3, %%ecx\n\t"
			 "rep stosb"
			 : "+&D"(to), "+&c"(words)
			 : "a"(word), "r"(bytes)
			 : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return end - s;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strstr(const char *hay, const char *needle)
{
	size_t n = strlen(needle);

	for (;; hay++) {
		if (!strncmp(hay, needle, n))
			return (char *)hay;
		if (!*hay)
			return NULL;
	}
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);
	size_t n = min(len, size - 1);

	memcpy(dst, src, n);
	dst[n] = '\0';
	return len;
}
