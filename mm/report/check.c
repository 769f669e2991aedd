#include <kernel/base/printk.h>
#include <mm/cache/pagemap.h>
#include <mm/early/memblock.h>
#include <mm/high/bounce.h>
#include <mm/high/check.h>
#include <mm/object/check.h>
#include <mm/page/check.h>
#include <mm/reclaim/swap.h>
#include <mm/report/check.h>
#include <mm/space/mm.h>
#include <mm/virt/vmalloc.h>
#include <mm/virt/vmap_check.h>

static void print_difference(const char *sentence)
{
	pr_err("mm_check: %s\n", sentence);
}

/* They may not be looked at by who keeps the CPU. */
static unsigned int check_files_and_spaces(void)
{
	struct mm_struct *mm = NULL;
	unsigned int n;

	if (in_atomic() || irqs_disabled())
		return 0;
	n = check_page_cache(print_difference) + check_swap(print_difference);
	while ((mm = next_mm(mm)))
		n += mm_check_space(mm, print_difference);
	return n;
}

unsigned int mm_check(void)
{
	const char *wrong = memblock_check(&memblock);

	if (wrong)
		print_difference(wrong);
	return (wrong != NULL) + check_nodes(&machine_nodes, print_difference) +
	       check_caches(print_difference) +
	       check_cache_pages(print_difference) +
	       check_bounce(print_difference) +
	       check_vmap_space(&vmalloc_space, &kernel_pgtable,
				print_difference) +
	       check_kmap_pool(&kernel_kmaps, print_difference) +
	       check_kmap_atomic(print_difference) + check_files_and_spaces();
}
