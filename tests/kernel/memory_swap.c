#include <mm/high/highmem.h>
#include <mm/virt/vmalloc.h>
#include "memory_swap.h"

#define FIRST_PRIO 100

struct memory_swap memory_swap;

static void transfer(struct memory_swap *swap, u32 offset, struct page *page,
		     u32 rw)
{
	u8 *at = kmap_atomic(page), *slot = swap->store + offset * PAGE_SIZE;

	if (rw == READ)
		memcpy(at, slot, PAGE_SIZE);
	else
		memcpy(slot, at, PAGE_SIZE);
	kunmap_atomic(at);
}

static void start(struct swap_backing *backing, u32 offset, struct page *page,
		  u32 rw, void (*done)(struct page *page, int error))
{
	struct memory_swap *swap = backing->private;

	transfer(swap, offset, page, rw);
	if (rw == READ) {
		swap->reads++;
	} else {
		swap->writes++;
		if (swap->hold) {
			swap->hold = false;
			swap->held = page;
			swap->done = done;
			return;
		}
	}
	done(page, 0);
}

void memory_swap_end_write(int error)
{
	struct page *page = memory_swap.held;

	memory_swap.held = NULL;
	memory_swap.done(page, error);
}

/* <linux/swap.h>: version, last page, and the signature at the end. */
static void write_header(u8 *page, u32 pages)
{
	u32 *words = (u32 *)page;

	words[256] = 1;
	words[257] = pages - 1;
	memcpy(page + PAGE_SIZE - 10, "SWAPSPACE2", 10);
}

bool memory_swap_on(u32 pages)
{
	struct memory_swap *swap = &memory_swap;

	memset(swap, 0, sizeof(*swap));
	swap->store = vzalloc(pages * PAGE_SIZE);
	if (!EXPECT(swap->store))
		return false;
	write_header(swap->store, pages);
	strlcpy(swap->backing.name, "memory", sizeof(swap->backing.name));
	swap->backing.pages = pages;
	swap->backing.start = start;
	swap->backing.private = swap;
	if (!EXPECT_EQ(swapon(&swap->backing, FIRST_PRIO), 0)) {
		vfree(swap->store);
		return false;
	}
	swap->reads = 0;
	return true;
}

void memory_swap_off(void)
{
	EXPECT_EQ(swapoff("memory"), 0);
	vfree(memory_swap.store);
}
