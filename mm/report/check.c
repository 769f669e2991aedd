#include <kernel/base/printk.h>
#include <mm/early/memblock.h>
#include <mm/high/check.h>
#include <mm/object/check.h>
#include <mm/page/check.h>
#include <mm/report/check.h>
#include <mm/virt/vmalloc.h>
#include <mm/virt/vmap_check.h>

static void print_difference(const char *sentence)
{
	pr_err("mm_check: %s\n", sentence);
}

unsigned int mm_check(void)
{
	const char *wrong = memblock_check(&memblock);

	if (wrong)
		print_difference(wrong);
	return (wrong != NULL) + check_nodes(&machine_nodes, print_difference) +
	       check_caches(print_difference) +
	       check_cache_pages(print_difference) +
	       check_vmap_space(&vmalloc_space, &kernel_pgtable,
				print_difference) +
	       check_kmap_pool(&kernel_kmaps, print_difference) +
	       check_kmap_atomic(print_difference);
}
