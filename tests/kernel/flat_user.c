#include <kernel/cpu/tlb.h>
#include <kernel/lib/string.h>
#include <mm/table/pgtable.h>
#include "flat_user.h"

#define USER_BITS (_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_USER)
#define ONE_ROOT_ENTRY 0x40000000U	/* with PAE; without, 256 of them */
#define TABLES 2

static u8 code_page[PAGE_SIZE] __aligned(PAGE_SIZE);
static u8 stack_page[PAGE_SIZE] __aligned(PAGE_SIZE);
static u8 tables[TABLES][PAGE_SIZE] __aligned(PAGE_SIZE);
static u32 tables_used;

static phys_addr_t own_table(void)
{
	if (tables_used == TABLES)
		return 0;
	memset(tables[tables_used], 0, PAGE_SIZE);
	return __pa(tables[tables_used++]);
}

static int map_both(void)
{
	int err = pt_map(&kernel_pgtable, FLAT_CODE, __pa(code_page), PAGE_SIZE,
			 USER_BITS, false);

	return err ? err : pt_map(&kernel_pgtable, FLAT_STACK, __pa(stack_page),
				  PAGE_SIZE, USER_BITS | _PAGE_RW, false);
}

bool flat_begin(const u8 *code, const u8 *end)
{
	phys_addr_t (*before)(void) = pt_alloc_table;
	u32 flags = local_irq_save();
	int err;

	memset(code_page, 0xcc, PAGE_SIZE);
	memcpy(code_page, code, end - code);
	memset(stack_page, 0, PAGE_SIZE);
	tables_used = 0;
	/* with interrupts off nobody else gets one of these */
	pt_alloc_table = own_table;
	err = map_both();
	pt_alloc_table = before;
	/* PAE's root is in registers of the CPU */
	write_cr3(read_cr3());
	local_irq_restore(flags);
	return !err;
}

void flat_end(void)
{
	pt_drop_root(&kernel_pgtable, ONE_ROOT_ENTRY);
}

u32 flat_run(const u8 *code, const u8 *end, struct pt_regs *regs)
{
	struct process *process = NULL;
	struct pt_regs start;
	u32 status = ~0U;

	user_regs(&start, FLAT_CODE, FLAT_STACK_TOP);
	if (flat_begin(code, end))
		process = process_start(&start, "flat");
	if (process)
		status = process_join(process, regs);
	flat_end();
	return status;
}
