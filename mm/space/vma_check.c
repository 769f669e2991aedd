/*
 * What an address space says of its areas, recomputed: section 6 of vma.c.
 */
#include <kernel/lib/differs.h>
#include <mm/space/internal.h>

struct sums {
	u32 areas, total_vm, locked_vm, stack_vm, shared_vm, exec_vm;
};

struct check {
	void (*report)(const char *sentence);
	unsigned int found;
};

#define differs(c, ...) \
	say_differs((c)->report, &(c)->found, __VA_ARGS__)

static void check_flags(struct check *c, const struct vm_area_struct *vma)
{
	if (vma->vm_page_prot != vm_get_page_prot(vma->vm_flags))
		differs(c, "the area at %08x has flags %x and another "
			"protection", vma->vm_start, vma->vm_flags);
	if (vma->vm_flags & VM_ACCESS & ~(vma->vm_flags >> 4))
		differs(c, "the area at %08x permits what it may not",
			vma->vm_start);
	if (!vma->anon_vma != list_empty(&vma->anon_vma_node))
		differs(c, "the area at %08x is on the list of no anon_vma, "
			"or wrongly on one", vma->vm_start);
	if (!vma->vm_mapping != list_empty(&vma->shared))
		differs(c, "the area at %08x is not among those of its file, "
			"or has none", vma->vm_start);
}

static void check_area(struct check *c, struct mm_struct *mm,
		       const struct vm_area_struct *vma,
		       const struct vm_area_struct *prev)
{
	if (vma->vm_mm != mm || vma->vm_prev != prev)
		differs(c, "the area at %08x has wrong links", vma->vm_start);
	if (vma->vm_start >= vma->vm_end || vma->vm_end > TASK_SIZE ||
	    (vma->vm_start | vma->vm_end) & (PAGE_SIZE - 1))
		differs(c, "the area %08x-%08x is none", vma->vm_start,
			vma->vm_end);
	if (prev && prev->vm_end > vma->vm_start)
		differs(c, "the areas at %08x and %08x overlap",
			prev->vm_start, vma->vm_start);
	if (vma->vm_rb.gap != vma_gap(vma))
		differs(c, "the gap below %08x: %x, and is %x", vma->vm_start,
			vma->vm_rb.gap, vma_gap(vma));
	if (vma->vm_rb.max_gap != gap_largest(&vma->vm_rb))
		differs(c, "the largest gap below %08x: %x, and is %x",
			vma->vm_start, vma->vm_rb.max_gap,
			gap_largest(&vma->vm_rb));
	check_flags(c, vma);
}

static void add_up(struct sums *s, const struct vm_area_struct *vma)
{
	u32 n = vma_pages(vma);

	s->areas++;
	s->total_vm += n;
	s->locked_vm += vma->vm_flags & VM_LOCKED ? n : 0;
	s->stack_vm += vma->vm_flags & VM_GROWSDOWN ? n : 0;
	s->shared_vm += vma->vm_ops ? n : 0;
	s->exec_vm += vma->vm_ops && vma->vm_flags & VM_EXEC ? n : 0;
}

/* The tree has the same areas in the same order. */
static void check_tree(struct check *c, const struct mm_struct *mm)
{
	const struct vm_area_struct *vma = mm->mmap;
	struct rb_node *node = rb_first(&mm->mm_rb);
	const char *wrong = rb_check(&mm->mm_rb);

	if (wrong)
		differs(c, "areas: %s", wrong);
	for (; node && vma && vma_of(node) == vma; node = rb_next(node))
		vma = vma->vm_next;
	if (node || vma)
		differs(c, "the list and the tree of areas differ");
}

void check_count(const char *what, u32 says, u32 is,
		 void (*report)(const char *sentence), unsigned int *found)
{
	if (says != is)
		say_differs(report, found,
			    "%s of an address space: %u counted, %u found",
			    what, says, is);
}

u32 check_areas(struct mm_struct *mm, void (*report)(const char *sentence))
{
	struct check c = { .report = report };
	const struct vm_area_struct *vma, *prev = NULL;
	struct sums s = { 0 };

	for (vma = mm->mmap; vma; prev = vma, vma = vma->vm_next) {
		check_area(&c, mm, vma, prev);
		add_up(&s, vma);
	}
	if (mm->highest != prev)
		differs(&c, "the highest area is not the last one");
	check_tree(&c, mm);
	check_count("areas", mm->map_count, s.areas, report, &c.found);
	check_count("pages", mm->total_vm, s.total_vm, report, &c.found);
	check_count("locked pages", mm->locked_vm, s.locked_vm,
		    report, &c.found);
	check_count("pages of stacks", mm->stack_vm, s.stack_vm,
		    report, &c.found);
	check_count("pages that show something", mm->shared_vm, s.shared_vm,
		    report, &c.found);
	check_count("pages of code", mm->exec_vm, s.exec_vm, report, &c.found);
	return c.found;
}
