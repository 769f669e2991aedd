#include <kernel/lib/bug.h>

void (*bug_hook)(const struct bug_site *site);

void bug(const struct bug_site *site)
{
	if (bug_hook)
		bug_hook(site);
	for (;;)
		barrier();
}
