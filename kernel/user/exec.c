/*
 * 1. The new space is made beside the old one, and the thread uses it while the
 *    program is brought in: the segments are private mappings of its file, so
 *    that pages come from the page cache when they are touched. What a segment
 *    has more than the file is zeros: the rest of the file's last page, then
 *    memory. Only when all has gone well the old space goes; else the thread
 *    takes it up again.
 *
 * 2. The stack, from its top down (System V ABI, i386 supplement, figure 3-31):
 *
 *	zeros, 4 bytes
 *	the path
 *	strings of the environment, then of the arguments, upwards
 *	16 bytes that nobody can guess: AT_RANDOM
 *	auxiliary vector, NULL at its end
 *	pointers to the environment, NULL
 *	pointers to the arguments, NULL
 *	argc				<- ESP, a multiple of 16
 *
 *    It is a VM_GROWSDOWN area: what is written below its begin lets it grow.
 *    What is there can be executed only if the file asks for it: by the X of
 *    its PT_GNU_STACK header, or by having none, as the files of old.
 *
 * 3. What could fail for want of memory fails before the point of no return.
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/time.h>
#include <kernel/fs/fs.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <kernel/user/elf.h>
#include <kernel/user/exec.h>
#include <kernel/user/internal.h>
#include <mm/object/kmalloc.h>
#include <mm/space/mm.h>
#include <mm/space/uaccess.h>
#include <mm/virt/vmalloc.h>

#define STACK_TOP TASK_SIZE
#define AUX_PAIRS 17U
#define STACK_FIRST (2 * PAGE_SIZE)	/* mapped at once; the rest grows */

/* Linux's numbers. */
enum { AT_NULL, AT_PHDR = 3, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS,
       AT_ENTRY, AT_UID = 11, AT_EUID, AT_GID, AT_EGID, AT_HWCAP = 16,
       AT_CLKTCK, AT_SECURE = 23, AT_RANDOM = 25, AT_EXECFN = 31 };

int exec_args_init(struct exec_args *args, u32 size)
{
	*args = (struct exec_args){ 0 };
	if (size > EXEC_ARGS_MAX)
		return -E2BIG;
	args->text = vmalloc(max(size, 1U));
	return args->text ? 0 : -ENOMEM;
}

void exec_args_free(struct exec_args *args)
{
	vfree(args->text);
	args->text = NULL;
}

/* --- segments --- */

/* what: NULL: memory. */
static int map_fixed(struct mm_struct *mm, const struct mmap_file *what,
		     u32 start, u32 len, u32 prot, u32 more, u32 pgoff)
{
	u32 at;

	if (!len)
		return 0;
	down_write(&mm->mmap_sem);
	at = do_mmap(mm, what, start, len, prot,
		     MAP_PRIVATE | MAP_FIXED | more |
		     (what ? 0 : MAP_ANONYMOUS), pgoff);
	up_write(&mm->mmap_sem);
	return at == start ? 0 : -ENOMEM;
}

static u32 prot_of(u32 flags)
{
	return (flags & PF_R ? PROT_READ : 0) |
	       (flags & PF_W ? PROT_WRITE : 0) |
	       (flags & PF_X ? PROT_EXEC : 0);
}

static int load_segment(struct mm_struct *mm, const struct elf_segment *s,
			struct file *file)
{
	const struct mmap_file what = {
		.file = file, .may = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC,
		.mmap = file->f_op->mmap,
	};
	u32 start = ALIGN_DOWN(s->vaddr, PAGE_SIZE), prot = prot_of(s->flags);
	u32 file_end = s->vaddr + s->filesz;
	u32 shown = s->filesz ? PAGE_ALIGN(file_end) : start;
	int err = map_fixed(mm, &what, start, shown - start, prot, 0,
			    s->offset >> PAGE_SHIFT);

	if (!err)
		err = map_fixed(mm, NULL, shown,
				PAGE_ALIGN(s->vaddr + s->memsz) - shown, prot,
				0, 0);
	if (err || s->memsz == s->filesz || !s->filesz)
		return err;
	return clear_user((void *)file_end, shown - file_end) ? -ENOMEM : 0;
}

static void note_places(struct mm_struct *mm, const struct elf_image *image)
{
	const struct elf_segment *s = image->segment;
	const struct elf_segment *last = s + image->nr_segments - 1;

	mm->start_code = s->vaddr;
	mm->end_code = s->vaddr + s->filesz;
	mm->start_data = last->vaddr;
	mm->end_data = last->vaddr + last->filesz;
	mm->start_brk = mm->brk = PAGE_ALIGN(image->end);
}

/* --- the stack --- */

struct stack {
	u32 at;			/* what is below is free */
	bool bad;		/* something could not be written */
};

static void push(struct stack *s, const void *from, u32 size)
{
	s->at -= size;
	s->bad |= copy_to_user((void *)s->at, from, size) != 0;
}

static void push_word(struct stack *s, u32 word)
{
	push(s, &word, sizeof(word));
}

static void push_aux(struct stack *s, const struct elf_image *image,
		     u32 random, u32 path)
{
	/* the last comes first */
	const u32 aux[][2] = {
		{ AT_NULL, 0 }, { AT_EXECFN, path }, { AT_RANDOM, random },
		{ AT_SECURE, 0 }, { AT_CLKTCK, 100 },
		{ AT_HWCAP, boot_cpu.features[0] },
		{ AT_EGID, 0 }, { AT_GID, 0 }, { AT_EUID, 0 }, { AT_UID, 0 },
		{ AT_ENTRY, image->entry }, { AT_FLAGS, 0 }, { AT_BASE, 0 },
		{ AT_PAGESZ, PAGE_SIZE }, { AT_PHNUM, image->phnum },
		{ AT_PHENT, 32 }, { AT_PHDR, image->phdr },
	};
	u32 i;

	_Static_assert(ARRAY_SIZE(aux) == AUX_PAIRS,
		       "the stack has room for another number of pairs");
	for (i = 0; i < ARRAY_SIZE(aux); i++)
		push(s, aux[i], sizeof(aux[i]));
}

/* Pointers to so many strings from *at on; the first comes to lie lowest. */
static void put_pointers(struct stack *s, u32 table, u32 n, const char **text,
			 u32 *at)
{
	u32 i, length;

	for (i = 0; i < n; i++) {
		s->bad |= put_user(*at, (u32 *)table + i) != 0;
		length = strlen(*text) + 1;
		*text += length;
		*at += length;
	}
	s->bad |= put_user(0U, (u32 *)table + n) != 0;
}

static u32 fill_stack(struct mm_struct *mm, const char *path,
		      const struct exec_args *args,
		      const struct elf_image *image)
{
	struct stack s = { .at = STACK_TOP };
	u64 random[2] = { clock_cycles() * 0x9e3779b97f4a7c15ULL,
			  clock_ns() ^ (u32)mm };
	u32 strings, path_at, random_at, words = args->argc + args->envc + 3;
	u32 above;
	const char *text = args->text;

	push_word(&s, 0);
	push(&s, path, strlen(path) + 1);
	path_at = s.at;
	push(&s, args->text, args->size);
	strings = s.at;
	s.at = ALIGN_DOWN(s.at, 16U);
	push(&s, random, sizeof(random));
	random_at = s.at;
	/* argc comes to lie on a multiple of 16 */
	above = words * 4 + AUX_PAIRS * 8;
	s.at = ALIGN_DOWN(s.at - above, 16U) + above;
	push_aux(&s, image, random_at, path_at);
	s.at -= words * 4;
	mm->start_stack = s.at;
	mm->arg_start = strings;
	s.bad |= put_user(args->argc, (u32 *)s.at) != 0;
	put_pointers(&s, s.at + 4, args->argc, &text, &strings);
	mm->arg_end = mm->env_start = strings;
	put_pointers(&s, s.at + 4 * (args->argc + 2), args->envc, &text,
		     &strings);
	mm->env_end = strings;
	return s.bad ? 0 : s.at;
}

/* --- altogether --- */

/* current->mm is the new one. */
static int fill_space(const char *path, struct file *file,
		      const struct elf_image *image,
		      const struct exec_args *args, struct pt_regs *regs)
{
	struct mm_struct *mm = current->mm;
	u32 i, esp;
	int err;

	for (i = 0; i < image->nr_segments; i++) {
		err = load_segment(mm, &image->segment[i], file);
		if (err)
			return err;
	}
	note_places(mm, image);
	err = map_fixed(mm, NULL, STACK_TOP - STACK_FIRST, STACK_FIRST,
			PROT_READ | PROT_WRITE |
			(image->exec_stack ? PROT_EXEC : 0), MAP_GROWSDOWN, 0);
	if (err)
		return err;
	esp = fill_stack(mm, path, args, image);
	if (!esp)
		return -ENOMEM;
	user_regs(regs, image->entry, esp);
	return 0;
}

static int with_new_space(const char *path, struct file *file,
			  const struct elf_image *image,
			  const struct exec_args *args, struct pt_regs *regs)
{
	struct mm_struct *old = current->mm, *mm = mm_alloc();
	int err;

	if (!mm)
		return -ENOMEM;
	if (old) {
		mmget(old);
		mm->limit = old->limit;
	}
	use_mm(mm);
	mmput(mm);
	err = fill_space(path, file, image, args, regs);
	if (err && old)
		use_mm(old);
	else if (err)
		unuse_mm();
	mmput(old);
	return err;
}

/* Reads the head of the file: what is to be mapped. */
static int read_image(const char *path, struct file *file,
		      struct elf_image *image)
{
	static const struct elf_limits limits = {
		0x10000, STACK_TOP - STACK_LIMIT_DEFAULT,
	};
	u64 size = i_size_read(file->f_inode);
	char *head = kmalloc(ELF_HEAD_MAX, GFP_KERNEL);
	long n = head ? kernel_read(file, 0, head, ELF_HEAD_MAX) : -ENOMEM;
	const char *why;
	int err = (int)n;

	if (n >= 0) {
		err = elf_parse(head, (u32)n, (u32)min(size, (u64)~0U),
				&limits, image, &why);
		if (err)
			pr_info("exec of %s: %s\n", path, why);
	}
	kfree(head);
	return err;
}

static int check_file(const struct file *file)
{
	u32 mode = file->f_inode->i_mode;

	return (mode & S_IFMT) == S_IFREG && mode & 0111 ? 0 : -EACCES;
}

int exec_program(const char *path, const struct exec_args *args,
		 struct pt_regs *regs)
{
	struct elf_image image;
	struct file *file;
	int err = file_open(path, O_RDONLY, 0, &file);

	if (err)
		return err;
	err = check_file(file);
	if (!err)
		err = read_image(path, file, &image);
	if (!err)
		err = with_new_space(path, file, &image, args, regs);
	fput(file);
	return err;
}
