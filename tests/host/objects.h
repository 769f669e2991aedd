/*
 * A machine with caches, and a shadow of what was handed out: who has which
 * bytes, and what stands in them. All of it dies of the first difference, so it
 * works in children and in fuzz targets.
 */
#ifndef TESTS_HOST_OBJECTS_H
#define TESTS_HOST_OBJECTS_H

#include "boot.h"
#include <kernel/cpu/spinlock.h>
#include <mm/object/check.h>
#include <mm/object/internal.h>
#include <mm/object/kmalloc.h>

/*
 * Boots `mb` MB in that many nodes, then kmem_cache_init(). Once a process: see
 * host_in_child(). The CPU is on node 0.
 */
void host_boot_objects(u32 mb, unsigned int nodes, u32 debug);

/* --- bytes --- */

/*
 * The bytes at p were handed out: they are in the direct map, aligned, and
 * nobody else's. They come back; or only change in number.
 */
void host_out(const void *p, u32 size, u32 align);
void host_back(const void *p, u32 size);

/* Is the byte at p handed out? */
bool host_is_out(const void *p);

/* Contents of the mark's own, in so many bytes: written, and found again. */
void host_fill(void *p, u32 size, u32 mark);
void host_must_hold(const void *p, u32 size, u32 mark);

/* --- a cache and its objects --- */

#define HOST_OBJECTS 1500

struct host_object {
	void *at;
	u32 size;	/* bytes that are filled */
	u32 mark;
};

struct host_cache {
	struct kmem_cache *cache;	/* NULL: there is none now */
	u32 size, align, flags;
	void (*ctor)(void *object);
	u32 most;			/* objects; up to HOST_OBJECTS */
	u32 nr;
	struct host_object object[HOST_OBJECTS];
};

/* The constructors of a size: 0xc5 from begin to end. */
#define HOST_CTOR_BYTE 0xc5

/* An object went out: bytes and contents are judged, then it is filled. */
void host_object_out(struct host_cache *c, void *p, bool zeroed);

/* The index-th object is off the shadow's list, and is as it was filled; to be
 * freed now. */
void *host_object_back(struct host_cache *c, u32 index);

/* All objects are as they were filled. */
void host_objects_hold(const struct host_cache *c);

/* --- the books --- */

/* Everything that internal.h says of a cache, if `out` objects are in use. */
void host_check_cache(const struct kmem_cache *cache, u32 out);

/* Objects of a cache that somebody has: not free, on no stack, in no array. */
u32 host_in_use(const struct kmem_cache *cache);

/* As many pages have PG_slab as the slabs of all caches have; all books, by
 * mm/object's own check, too. */
void host_check_objects(void);

/* All that is free goes; the machine's free pages then. */
u32 host_shrunk(void);

#endif
