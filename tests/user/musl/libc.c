/*
 * A program with a whole C library: formatted output, the heap, sorting, time.
 * What a program that knows nothing of this kernel would do.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCKS 400
#define STEPS 20000

static unsigned int bad, number;

static void report(const char *name, int ok)
{
	bad += !ok;
	printf("%s %u %s\n", ok ? "ok" : "not ok", ++number, name);
}

static unsigned int next(unsigned int n)
{
	static unsigned int seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static int formatted(void)
{
	char text[64];

	snprintf(text, sizeof(text), "%5d|%-4s|%08.3f|%llx", -42, "ab", 3.14159,
		 0x123456789abcULL);
	return !strcmp(text, "  -42|ab  |0003.142|123456789abc");
}

static int is_filled(const unsigned char *p, size_t n, unsigned char c)
{
	while (n--)
		if (p[n] != c)
			return 0;
	return 1;
}

/* Blocks of 1 to 64 KB come and go; each keeps its bytes. */
static int heap(void)
{
	static unsigned char *block[BLOCKS];
	static size_t size[BLOCKS];
	unsigned int step, i;

	for (step = 0; step < STEPS; step++) {
		i = next(BLOCKS);
		if (block[i]) {
			if (!is_filled(block[i], size[i], (unsigned char)i))
				return 0;
			free(block[i]);
			block[i] = NULL;
			continue;
		}
		size[i] = 1 + next(next(8) ? 256 : 65536);
		block[i] = malloc(size[i]);
		if (!block[i])
			return 0;
		memset(block[i], (int)i, size[i]);
	}
	for (i = 0; i < BLOCKS; i++) {
		free(block[i]);
		block[i] = NULL;
	}
	return 1;
}

static int grown(void)
{
	unsigned char *p = NULL;
	size_t n;

	for (n = 1; n <= 1 << 20; n *= 2) {
		p = realloc(p, n);
		if (!p || (n > 1 && !is_filled(p, n / 2, 9)))
			return 0;
		memset(p, 9, n);
	}
	free(p);
	return 1;
}

static int compare(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int sorted(void)
{
	static int n[5000];
	int i;

	for (i = 0; i < 5000; i++)
		n[i] = (int)next(1 << 20);
	qsort(n, 5000, sizeof(n[0]), compare);
	for (i = 1; i < 5000; i++)
		if (n[i] < n[i - 1])
			return 0;
	return 1;
}

static int clock_goes_on(void)
{
	struct timespec a, b, wait = { 0, 20 * 1000 * 1000 };
	long long ns;

	clock_gettime(CLOCK_MONOTONIC, &a);
	nanosleep(&wait, NULL);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ns = (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec;
	return ns >= 19 * 1000 * 1000;
}

static int children(void)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(heap() ? 5 : 6);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 5;
}

static int errors_are_known(void)
{
	errno = 0;
	return open("/nobody/has/this", O_RDONLY) == -1 && errno == ENOENT;
}

int main(void)
{
	printf("KTAP version 1\n1..7\n");
	report("formatted", formatted());
	report("heap", heap());
	report("grown", grown());
	report("sorted", sorted());
	report("clock_goes_on", clock_goes_on());
	report("children", children());
	report("errors_are_known", errors_are_known());
	return bad ? 1 : 0;
}
