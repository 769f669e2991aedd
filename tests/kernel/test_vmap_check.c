/*
 * The checker of address areas sees each thing that can be wrong, and says so
 * in exactly as many sentences.
 */
#include <mm/virt/vmalloc.h>
#include <mm/virt/vmap_check.h>
#include "ktest.h"

#define START 0x10000000U
#define AREAS 7

static struct vmap_space space;
static struct vmap_area area[AREAS];
static const char *wanted;
static bool found;

static void nothing(void)
{
}

static void listen(const char *sentence)
{
	found |= strstr(sentence, wanted) != NULL;
}

static bool says(const char *text, unsigned int n)
{
	wanted = text;
	found = false;
	return EXPECT_EQ(check_vmap_space(&space, NULL, listen), n) &
	       EXPECT(found || !n);
}

static void start(void)
{
	const char *why;
	u32 i;

	vmap_space_init(&space, START, START + 100 * PAGE_SIZE, 100, nothing,
			NULL);
	for (i = 0; i < AREAS; i++) {
		area[i].kind = 1;
		vmap_area_insert(&space, &area[i], PAGE_SIZE,
				 i == 4 ? 16 * PAGE_SIZE : PAGE_SIZE);
	}
	vmap_area_put(&space, vmap_area_take(&space, area[2].start, 1, &why));
}

TEST(vmap_check, sound)
{
	start();
	says("", 0);
	vmap_space_init(&space, START, START + PAGE_SIZE, 0, nothing, NULL);
	says("", 0);
}

TEST(vmap_check, places)
{
	start();
	area[1].start -= PAGE_SIZE;
	says("overlaps another", 1);
	start();
	area[6].end = START + 101 * PAGE_SIZE;
	says("leaves its space", 1);
	start();
	area[6].end -= PAGE_SIZE;
	says("not of whole pages with a guard page", 3); /* gap, sum */
	start();
	area[6].end -= 1;
	says("not of whole pages with a guard page", 3);
}

TEST(vmap_check, gaps)
{
	start();
	area[4].place.gap += PAGE_SIZE;
	says("a gap of", 2);		/* and the maximum of its subtree */
	start();
	rb_entry(space.tree.node, struct vmap_area,
		 place.node)->place.max_gap = 1;
	says("for its largest gap, not 1", 1);
	start();
	space.highest = &area[5];
	says("the highest area is not the one that is noted", 1);
}

TEST(vmap_check, counts)
{
	start();
	space.count.areas++;
	says("7 areas of 12 pages are noted; there are 6 of 12", 1);
	start();
	space.count.lazy_pages = 3;
	says("1 lazy areas of 3 pages are noted; there are 1 of 2", 1);
	start();
	space.lazy = NULL;
	says("0 areas are on the lazy list; 1 are lazy", 1);
	start();
	area[2].next_lazy = &area[2];
	says("2 areas are on the lazy list; 1 are lazy", 1);
	start();
	area[2].state = VMAP_USED;
	says("is on the lazy list and not lazy", 4);
}

TEST(vmap_check, tree)
{
	start();
	space.tree.node->parent_black &= ~(uintptr_t)1;
	says("areas: the root of a tree is red", 1);
}

/* --- what is mapped --- */

static bool machine_says(const char *text, unsigned int n)
{
	wanted = text;
	found = false;
	return EXPECT_EQ(check_vmap_space(&vmalloc_space, &kernel_pgtable,
					  listen), n) & EXPECT(found || !n);
}

static void set(u32 va, bool present)
{
	pt_set_page(&kernel_pgtable, va, present ? 0x1000 | PAGE_KERNEL : 0);
}

TEST(vmap_check, mappings)
{
	void *p = vmalloc(2 * PAGE_SIZE), *q = vmalloc(PAGE_SIZE);
	u32 va = (u32)(uintptr_t)p;

	REQUIRE(p && q);
	machine_says("", 0);
	set(va + 2 * PAGE_SIZE, true);
	machine_says("the guard page", 1);
	set(va + 2 * PAGE_SIZE, false);
	set(va + 100 * PAGE_SIZE, true);
	machine_says("is mapped and in no area that is in use", 1);
	set(va + 100 * PAGE_SIZE, false);
	vfree(p);
	set(va + PAGE_SIZE, true);
	machine_says("is mapped and in no area that is in use", 1);
	set(va + PAGE_SIZE, false);
	machine_says("", 0);
	vfree(q);
}
