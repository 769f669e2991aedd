#include <kernel/lib/sort.h>
#include <kernel/lib/string.h>

#define SORT_MAX_SIZE 64	/* guessed: the largest element so far is 24 */

static void swap_elements(u8 *a, u8 *b, size_t size)
{
	u8 tmp[SORT_MAX_SIZE];

	memcpy(tmp, a, size);
	memcpy(a, b, size);
	memcpy(b, tmp, size);
}

/* Lets the element at root sink until neither child is larger. */
static void sift_down(u8 *base, size_t root, size_t n, size_t size,
		      int (*cmp)(const void *, const void *))
{
	size_t child;

	while ((child = 2 * root + 1) < n) {
		if (child + 1 < n &&
		    cmp(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (cmp(base + root * size, base + child * size) >= 0)
			return;
		swap_elements(base + root * size, base + child * size, size);
		root = child;
	}
}

void sort(void *base, size_t n, size_t size,
	  int (*cmp)(const void *a, const void *b))
{
	size_t i;

	for (i = n / 2; i-- > 0; )
		sift_down(base, i, n, size, cmp);
	for (i = n; i-- > 1; ) {
		swap_elements(base, (u8 *)base + i * size, size);
		sift_down(base, 0, i, size, cmp);
	}
}
