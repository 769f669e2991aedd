#include <kernel/base/cmdline.h>
#include <kernel/base/debug.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>

#define SLAB_BIT (1U << DEBUG_SLAB)

u32 debug_options;

static struct debug_choice choice;

static const char *const names[NR_DEBUG_OPTIONS] = {
	[DEBUG_PAGE_OWNER] = "page_owner",
	[DEBUG_PAGE_POISON] = "page_poison",
	[DEBUG_PAGEALLOC] = "pagealloc",
	[DEBUG_SLAB] = "slab",
	[DEBUG_LOCKS] = "locks",
	[DEBUG_BOUNCE] = "bounce",
	[DEBUG_HIGHMEM] = "highmem",
	[DEBUG_KSWAPD] = "kswapd",
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

static bool is_named(const struct debug_choice *c, const char *name,
		     size_t len)
{
	unsigned int i;

	for (i = 0; i < c->nr; i++)
		if (strlen(c->cache[i]) == len &&
		    !strncmp(c->cache[i], name, len))
			return true;
	return false;
}

static int add_cache(struct debug_choice *c, const char *name, size_t len)
{
	if (!len || len >= DEBUG_CACHE_NAME)
		return -EINVAL;
	if (is_named(c, name, len))
		return 0;
	if (c->nr == DEBUG_CACHES)
		return -ENOSPC;
	memcpy(c->cache[c->nr], name, len);
	c->cache[c->nr++][len] = '\0';
	return 0;
}

int debug_parse(const char *value, struct debug_choice *c)
{
	struct debug_choice made = *c;
	unsigned int named = 0;
	u32 bits = 0;

	for (;;) {
		const char *comma = strchr(value, ',');
		size_t len = comma ? (size_t)(comma - value) : strlen(value);
		u32 bit = bit_of(value, len);
		int err = 0;

		if (!bit && bits & SLAB_BIT) {
			err = add_cache(&made, value, len);
			named++;
		} else if (!bit) {
			err = -EINVAL;
		}
		if (err)
			return err;
		bits |= bit;
		if (!comma)
			break;
		value = comma + 1;
	}
	made.options |= bits;
	made.all_caches |= bits & SLAB_BIT && !named;
	*c = made;
	return 0;
}

bool debug_choice_names(const struct debug_choice *c, const char *cache_name)
{
	return c->options & SLAB_BIT &&
	       (c->all_caches ||
		is_named(c, cache_name, strlen(cache_name)));
}

bool debug_slab_wants(const char *cache_name)
{
	return debug_enabled(DEBUG_SLAB) &&
	       (!choice.nr || debug_choice_names(&choice, cache_name));
}

static int set_debug(const char *value)
{
	int err = debug_parse(value, &choice);

	debug_options |= choice.options;
	return err;
}

KERNEL_PARAM(debug, "debug", set_debug, PARAM_VALUE | PARAM_MANY,
	     "page_owner|page_poison|pagealloc|locks|highmem|bounce|"
	     "kswapd|slab[,CACHE],...",
	     "checks of memory and locks that are not always on");
