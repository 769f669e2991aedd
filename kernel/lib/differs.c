#include <kernel/lib/differs.h>
#include <kernel/lib/printf.h>

void say_differs(void (*report)(const char *sentence), unsigned int *count,
		 const char *fmt, ...)
{
	char sentence[DIFFERS_SIZE];
	va_list args;

	++*count;
	if (!report)
		return;
	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	report(sentence);
}
