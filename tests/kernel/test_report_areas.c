/* vmallocinfo, and whatis for addresses of areas. */
#include <kernel/base/symbols.h>
#include <kernel/lib/printf.h>
#include <mm/report/areas.h>
#include <mm/report/whatis.h>
#include <mm/virt/vmalloc.h>
#include "ktest.h"

void record_start(void);
const char *record_stop(void);

static char want[300], caller[SYMBOL_TEXT];

/* The copy of one area. */
static struct vm_struct found;

static int find(const struct vm_struct *vm, void *addr)
{
	if (vm->addr != addr)
		return 0;
	found = *vm;
	return 1;
}

static const char *find_caller(void *addr)
{
	if (!EXPECT_EQ(vmap_for_each(find, addr), 1) ||
	    !EXPECT(found.caller != NULL))
		return "";
	return symbol_text((u32)(uintptr_t)found.caller, caller);
}

static const char *info(void)
{
	record_start();
	report_vmallocinfo();
	return record_stop();
}

static const char *whatis(const void *addr)
{
	record_start();
	report_whatis((u32)(uintptr_t)addr);
	return record_stop();
}

static __noinline void *three_pages(void)
{
	return vmalloc(3 * PAGE_SIZE);
}

TEST(report_areas, vmallocinfo)
{
	char *p = three_pages(), *io;

	REQUIRE(p);
	io = ioremap(0xfee00000, PAGE_SIZE);
	EXPECT(io != NULL);
	snprintf(want, sizeof(want), "0x%08x-0x%08x   16384 %s pages=3 "
		 "vmalloc\n", (u32)(uintptr_t)p, (u32)(uintptr_t)p + 0x4000,
		 find_caller(p));
	EXPECT(strstr(want, " three_pages+0x"));
	EXPECT(strstr(info(), want));
	snprintf(want, sizeof(want), "0x%08x-0x%08x    8192 %s phys=fee00000 "
		 "ioremap\n", (u32)(uintptr_t)io, (u32)(uintptr_t)io + 0x2000,
		 find_caller(io));
	EXPECT(strstr(info(), want));
	vfree(p);
	iounmap(io);
	EXPECT(!strstr(info(), want));
}

TEST(report_areas, vmallocinfo_of_a_vmap)
{
	struct page *page = alloc_page(GFP_KERNEL);
	char *p;

	REQUIRE(page);
	p = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	REQUIRE(p);
	snprintf(want, sizeof(want), "0x%08x-0x%08x    8192 %s",
		 (u32)(uintptr_t)p, (u32)(uintptr_t)p + 0x2000,
		 find_caller(p));
	EXPECT(strstr(info(), want));
	EXPECT(strstr(strstr(info(), want), " vmap\n"));
	vunmap(p);
	__free_page(page);
}

TEST(report_areas, whatis)
{
	char *p = three_pages();
	u32 at = (u32)(uintptr_t)p;

	REQUIRE(p);
	snprintf(want, sizeof(want), "\n  vmalloc area 0x%08x-0x%08x %s "
		 "pages=3 vmalloc\n  offset 4097 of 12288 bytes\nframe 0x", at,
		 at + 0x4000, find_caller(p));
	EXPECT(strstr(whatis(p + 4097), want));
	snprintf(want, sizeof(want), "%08x is not mapped\n"
		 "  vmalloc area 0x%08x-0x%08x %s pages=3 vmalloc\n"
		 "  its guard page, offset 5 behind its end\n", at + 0x3005, at,
		 at + 0x4000, caller);
	EXPECT_STREQ(whatis(p + 0x3005), want);
	vfree(p);
	EXPECT(strstr(whatis(p), "\n  freed; the addresses wait for a flush of "
		      "the TLB\n"));
	vm_unmap_aliases();
	snprintf(want, sizeof(want), "%08x is not mapped\n"
		 "  no vmalloc area is there\n", at);
	EXPECT_STREQ(whatis(p), want);
}

TEST(report_areas, sums)
{
	u32 used = vmalloc_used();
	char *p = three_pages();

	REQUIRE(p);
	EXPECT_EQ(vmalloc_used(), used + 4 * PAGE_SIZE);
	EXPECT(vmalloc_chunk() <= vmalloc_total() - vmalloc_used());
	vfree(p);
	vm_unmap_aliases();
	EXPECT_EQ(vmalloc_used(), used);
}
