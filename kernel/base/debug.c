#include <kernel/base/cmdline.h>
#include <kernel/base/debug.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>

u32 debug_options;

static const char *const names[NR_DEBUG_OPTIONS] = {
	[DEBUG_PAGE_OWNER] = "page_owner",
	[DEBUG_PAGE_POISON] = "page_poison",
	[DEBUG_PAGEALLOC] = "pagealloc",
};

/* The bit of a name of len characters; 0 if nobody has that name. */
static u32 bit_of(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < NR_DEBUG_OPTIONS; i++)
		if (strlen(names[i]) == len && !strncmp(names[i], name, len))
			return 1U << i;
	return 0;
}

static int set_debug(const char *value)
{
	u32 bits = 0;

	for (;;) {
		const char *comma = strchr(value, ',');
		size_t len = comma ? (size_t)(comma - value) : strlen(value);
		u32 bit = bit_of(value, len);

		if (!bit)
			return -EINVAL;
		bits |= bit;
		if (!comma)
			break;
		value = comma + 1;
	}
	debug_options |= bits;
	return 0;
}

KERNEL_PARAM(debug, "debug", set_debug, PARAM_VALUE | PARAM_MANY,
	     "page_owner|page_poison|pagealloc,...",
	     "checks of memory that are not always on");
