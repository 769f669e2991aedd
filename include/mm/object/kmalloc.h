/* Small pieces of memory. */
#ifndef MM_OBJECT_KMALLOC_H
#define MM_OBJECT_KMALLOC_H

#include <mm/page/gfp.h>

void *kmalloc(size_t size, gfp_t gfp);
void *kzalloc(size_t size, gfp_t gfp);
void kfree(const void *p);

#endif
