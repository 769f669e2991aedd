/*
 * The host's side of the kernel: what host.h promises, and the few functions
 * of layers that are not compiled here.
 *
 * Physical memory is a file in memory. The direct map, and each window that
 * the kernel opens on a frame, are shared mappings of it: the same frame may be
 * seen at two addresses, and high memory at none, as on the real machine.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include <boot/bootinfo.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <kernel/base/trace.h>
#include <kernel/cpu/page.h>
#include <kernel/cpu/spinlock.h>
#include <kernel/cpu/threadflags.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/string.h>
#include <kernel/setup.h>

#define LOG_SIZE 0x40000
#define DEFAULT_SEED 20240229U	/* guessed */

u32 host_eflags = EFLAGS_IF;
u32 preempt_counts[NR_CPUS];

/* Of the one thread there is. */
static struct thread_part host_part;
struct thread_part *thread_parts[NR_CPUS] = { &host_part };
bool (*host_interrupts)(void);
unsigned int host_locks_held;
u32 host_lowmem;

static int memory_file = -1;
static u64 memory_size;

static char log_text[LOG_SIZE];
static size_t log_used;
static unsigned int warnings_before;

jmp_buf host_death;
bool host_death_armed;
char host_death_text[512];

static u32 random_state = DEFAULT_SEED;

/* --- ends --- */

void host_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("host: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

static void die_or_jump(void)
{
	if (host_death_armed)
		longjmp(host_death, 1);
	host_die("%s\n%s", host_death_text, log_text);
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(host_death_text, sizeof(host_death_text), fmt, args);
	va_end(args);
	die_or_jump();
	__builtin_unreachable();
}

static void on_bug(const struct bug_site *site)
{
	snprintf(host_death_text, sizeof(host_death_text), "%s:%d: %s",
		 site->file, site->line, site->sentence);
	die_or_jump();
}

void host_died(void)
{
	host_death_armed = false;
	host_locks_held = 0;
	host_eflags = EFLAGS_IF;
}

void host_in_child(void (*fn)(const void *arg), const void *arg,
		   const char *what)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		host_die("no process to be had");
	if (!pid) {
		fn(arg);
		/* the counters of coverage are written on the way out */
		exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		fail_msg("%s ended with status %#x", what, (unsigned)status);
}

/* --- the log --- */

/* A console. What does not fit is lost: host_reset() before each test. */
static void log_write(const char *text, size_t n)
{
	if (getenv("HOST_LOG"))
		fwrite(text, 1, n, stderr);
	n = min(n, LOG_SIZE - 1 - log_used);
	memcpy(log_text + log_used, text, n);
	log_used += n;
	log_text[log_used] = '\0';
}

static struct console log_console = { .name = "log", .write = log_write };

unsigned int host_warnings(void)
{
	return printk_warnings() - warnings_before;
}

const char *host_log(void)
{
	return log_text;
}

unsigned int host_log_count(const char *text)
{
	const char *at = log_text;
	unsigned int n = 0;

	while ((at = strstr(at, text))) {
		at += strlen(text);
		n++;
	}
	return n;
}

void host_expect_warnings(unsigned int n, const char *text)
{
	unsigned int found = host_log_count(text);

	if (host_warnings() != n || found != n)
		fail_msg("%u warnings, %u with \"%s\"; expected %u:\n%s",
			 host_warnings(), found, text, n, log_text);
	host_reset();
}

void host_forget_log(void)
{
	log_used = 0;
	log_text[0] = '\0';
	warnings_before = printk_warnings();
}

void host_reset(void)
{
	static bool registered;

	if (!registered)
		register_console(&log_console);
	registered = true;
	host_forget_log();
	host_locks_held = 0;
	host_eflags = EFLAGS_IF;
	host_interrupts = NULL;
	bug_hook = on_bug;
}

int host_setup(void **state)
{
	(void)state;
	host_reset();
	return 0;
}

int host_teardown(void **state)
{
	(void)state;
	if (!host_locks_held && host_eflags == EFLAGS_IF && !host_warnings() &&
	    !host_windows)
		return 0;
	print_error("left behind: %u locks, eflags %#x, %u windows, "
		    "%u warnings\n%s", host_locks_held, host_eflags,
		    host_windows, host_warnings(), log_text);
	return -1;
}

/* --- interrupts --- */

bool host_take_interrupt(void)
{
	u32 flags = host_eflags;
	bool came;

	if (!(flags & EFLAGS_IF))
		return false;
	if (host_locks_held)
		host_die("interrupts are on while a lock is held");
	host_eflags &= ~(u32)EFLAGS_IF;
	came = host_interrupts();
	if (host_locks_held || host_eflags & EFLAGS_IF)
		host_die("a handler leaves locks, or interrupts on");
	host_eflags = flags;
	return came;
}

/* --- memory --- */

void host_memory_init(u64 bytes, u32 lowmem)
{
	void *at = (void *)(uintptr_t)PAGE_OFFSET;

	if (memory_file >= 0) {
		munmap(at, host_lowmem);
		close(memory_file);
	}
	memory_file = memfd_create("memory", 0);
	memory_size = bytes;
	host_lowmem = lowmem;
	if (memory_file < 0 || ftruncate(memory_file, (off_t)bytes))
		host_die("no %llu bytes of memory to be had", bytes);
	if (mmap(at, lowmem, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED_NOREPLACE, memory_file, 0) != at)
		host_die("no room for a direct map of %u bytes", lowmem);
}

void host_memory_map(void *at, u64 pa)
{
	if (pa + PAGE_SIZE > memory_size ||
	    mmap(at, PAGE_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED_NOREPLACE, memory_file,
		 (off_t)pa) != at)
		host_die("%#llx cannot be shown at %p", pa, at);
}

void host_memory_read(u64 pa, void *buf, size_t size)
{
	if (pread(memory_file, buf, size, (off_t)pa) != (ssize_t)size)
		host_die("no memory at %#llx", pa);
}

void host_memory_write(u64 pa, const void *buf, size_t size)
{
	if (pwrite(memory_file, buf, size, (off_t)pa) != (ssize_t)size)
		host_die("no memory at %#llx", pa);
}

/* --- random numbers --- */

u32 host_env(const char *name, u32 otherwise)
{
	const char *text = getenv(name);

	return text ? (u32)strtoul(text, NULL, 0) : otherwise;
}

void host_seed(const char *what)
{
	random_state = host_env("SEED", DEFAULT_SEED);
	print_message("# %s: SEED=%u\n", what, random_state);
	if (!random_state)
		random_state = 1;	/* 0 would stay 0 */
}

/* Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (14), 2003. */
u32 host_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

u32 host_below(u32 n)
{
	return (u32)((u64)host_random() * n >> 32);
}

/* --- what the kernel's other layers give --- */

size_t host_strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src), n = min(len, size - 1);

	/* a test of the command line copies a line onto itself */
	memmove(dst, src, n);
	dst[n] = '\0';
	return len;
}

/* The suites of the kernel know of them; nobody fills them here. */
struct boot_info boot_info;
struct boot_params boot_params;

const char *symbol_lookup(u32 addr, u32 *offset, u32 *size)
{
	return NULL;
}

const char *symbol_text(u32 addr, char *buf)
{
	snprintf(buf, SYMBOL_TEXT, "site_%x", addr);
	return buf;
}

/* Stacks here are not the kernel's: the call alone is known. */
unsigned int __noinline trace_stack(u32 *entries, unsigned int n)
{
	if (n)
		entries[0] = (u32)(uintptr_t)__builtin_return_address(0);
	return n ? 1 : 0;
}

void trace_print(u32 eip)
{
	printk(" [<%08x>] site_%x\n", eip, eip);
}

u64 trace_time(void)
{
	static u64 calls;

	return ++calls;
}

u64 clock_ns(void)
{
	return trace_time() * 1000;
}
