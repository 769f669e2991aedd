/*
 * Reading and writing user memory from the kernel. ULK3 section 10.4.
 *
 * The addresses are those of the thread that calls (current->mm). A page that
 * is not there is brought in, so all may sleep; in an atomic section, or with
 * interrupts off, only what is there already can be reached. A bad address
 * gives an error and never a panic: each instruction that touches user memory
 * is in the exception table, with the place to go on at.
 *
 * The fault takes mmap_sem: who calls these must not hold it.
 */
#ifndef MM_SPACE_UACCESS_H
#define MM_SPACE_UACCESS_H

#include <kernel/cpu/page.h>
#include <kernel/lib/errno.h>

/* Are all of [addr, addr + size) user addresses? */
static inline bool access_ok(const void *addr, u32 size)
{
	u32 start = (u32)(uintptr_t)addr;

	return size <= (u32)PAGE_OFFSET && start <= (u32)PAGE_OFFSET - size;
}

/* Bytes that could not be copied: 0 is success. From user memory what could
 * not be read becomes zero. */
u32 copy_to_user(void *to, const void *from, u32 n);
u32 copy_from_user(void *to, const void *from, u32 n);
u32 clear_user(void *to, u32 n);

/* As copy_from_user(), but what could not be read leaves `to` as it was. For
 * atomic sections, where it takes what is there. */
u32 copy_from_user_inatomic(void *to, const void *from, u32 n);

/* Length without the zero byte, or -EFAULT; n if none is among the first n.
 * Copies what it looks at. */
int strncpy_from_user(char *to, const char *from, u32 n);

/* With the zero byte, at most n + 1; 0: a bad address. */
u32 strnlen_user(const char *text, u32 n);

int __get_user_bytes(void *to, const void *from, u32 size);
int __put_user_bytes(void *to, const void *from, u32 size);

/* One value of 1, 2, 4 or 8 bytes: 0, or -EFAULT (x becomes 0). */
#define get_user(x, ptr) ({						\
	_Static_assert(sizeof(x) == sizeof(*(ptr)),			\
		       "get_user() into a value of another size");	\
	__get_user_bytes(&(x), (ptr), sizeof(*(ptr)));			\
})
#define put_user(x, ptr) ({						\
	__typeof__(*(ptr)) put_ = (x);					\
									\
	__put_user_bytes((ptr), &put_, sizeof(put_));			\
})

#endif
