/*
 * Files as a program with a C library has them: buffered, formatted, by name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINES 5000

static unsigned int bad, number;

static void report(const char *name, int ok)
{
	bad += !ok;
	printf("%s %u %s\n", ok ? "ok" : "not ok", ++number, name);
}

static int written_and_read(void)
{
	FILE *f = fopen("lines", "w");
	char line[80], want[80];
	int i;

	if (!f)
		return 0;
	for (i = 0; i < LINES; i++)
		fprintf(f, "line %d of %d: %x\n", i, LINES, i * i);
	if (fclose(f))
		return 0;
	f = fopen("lines", "r");
	for (i = 0; f && fgets(line, sizeof(line), f); i++) {
		snprintf(want, sizeof(want), "line %d of %d: %x\n", i, LINES,
			 i * i);
		if (strcmp(line, want))
			return 0;
	}
	return f && feof(f) && !fclose(f) && i == LINES;
}

static int appended(void)
{
	FILE *f = fopen("lines", "a+");
	char line[80] = "";

	if (!f || fputs("the end\n", f) < 0 || fseek(f, -8, SEEK_END) ||
	    !fgets(line, sizeof(line), f))
		return 0;
	return !fclose(f) && !strcmp(line, "the end\n");
}

static int whole_file(void)
{
	struct stat st;
	char *text;
	FILE *f = fopen("lines", "rb");

	if (!f || stat("lines", &st) || !S_ISREG(st.st_mode))
		return 0;
	text = malloc((size_t)st.st_size + 1);
	if (!text || fread(text, 1, (size_t)st.st_size + 1, f) !=
		     (size_t)st.st_size)
		return 0;
	text[st.st_size] = 0;
	if (strcmp(text + st.st_size - 8, "the end\n") || fclose(f))
		return 0;
	free(text);
	return 1;
}

static int mapped(void)
{
	int fd = open("lines", O_RDWR), ok;
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return 0;
	ok = !strncmp(p, "line 0 of", 9);
	p[0] = 'L';
	munmap(p, 4096);
	close(fd);
	return ok;
}

static int first_letter(void)
{
	FILE *f = fopen("lines", "r");
	int c = f ? fgetc(f) : EOF;

	return f && !fclose(f) && c == 'L';
}

static int listed(void)
{
	struct dirent *entry;
	int found = 0;
	DIR *dir;

	if (mkdir("folder", 0700) || rename("nobody", "folder/x") != -1)
		return 0;
	fclose(fopen("folder/one", "w"));
	fclose(fopen("folder/two", "w"));
	dir = opendir("folder");
	while (dir && (entry = readdir(dir)))
		found += entry->d_name[0] == '.' ? 1 :
			 !strcmp(entry->d_name, "one") ? 10 : 100;
	closedir(dir);
	return found == 112 && !remove("folder/one") &&
	       rmdir("folder") == -1 && errno == ENOTEMPTY &&
	       !remove("folder/two") && !remove("folder");
}

static int by_a_child(void)
{
	FILE *f = fopen("lines", "w");
	int status = 0;

	fflush(stdout);
	if (!fork()) {
		fprintf(f, "child");
		exit(0);
	}
	wait(&status);
	fprintf(f, " and parent");
	fclose(f);
	f = fopen("lines", "r");
	{
		char line[40] = "";

		fgets(line, sizeof(line), f);
		fclose(f);
		return !status && !strcmp(line, "child and parent");
	}
}

static int removed(void)
{
	return !remove("lines") && !fopen("lines", "r") && errno == ENOENT;
}

int main(void)
{
	printf("KTAP version 1\n1..8\n");
	report("written_and_read", written_and_read());
	report("appended", appended());
	report("whole_file", whole_file());
	report("mapped", mapped());
	report("first_letter", first_letter());
	report("listed", listed());
	report("by_a_child", by_a_child());
	report("removed", removed());
	return bad ? 1 : 0;
}
