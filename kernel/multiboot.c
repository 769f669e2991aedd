/*
 * 1. The block is a head with its total size and a row of tags, each with type
 *    and size, starting on multiples of 8. It comes from outside: no size in it
 *    is believed before it is compared with what is left, no string before its
 *    NUL is found inside its tag.
 * 2. Tags nobody wants are passed over. The row must end with the end tag.
 */
#include <boot/multiboot2.h>
#include <kernel/lib/string.h>
#include <kernel/multiboot.h>

static bool has_end(const char *string, u32 room)
{
	return strnlen(string, room) < room;
}

static const char *parse_string(const struct mb2_tag *tag, const char **out)
{
	const struct mb2_tag_string *t = (const void *)tag;

	if (tag->size <= sizeof(*t) ||
	    !has_end(t->string, tag->size - sizeof(*t)))
		return "a string tag without an end";
	*out = t->string;
	return NULL;
}

static const char *parse_module(const struct mb2_tag *tag,
				struct boot_params *params)
{
	const struct mb2_tag_module *t = (const void *)tag;

	if (tag->size <= sizeof(*t) ||
	    !has_end(t->string, tag->size - sizeof(*t)))
		return "a module tag that is too short";
	if (t->mod_end < t->mod_start)
		return "a module that ends before it starts";
	if (params->nr_modules == BOOT_MODULES_MAX) {
		if (!params->modules_lost++) {
			params->lost_start = t->mod_start;
			params->lost_end = t->mod_end;
		}
		params->lost_start = min(params->lost_start, t->mod_start);
		params->lost_end = max(params->lost_end, t->mod_end);
		return NULL;
	}
	params->module[params->nr_modules++] = (struct boot_module){
		.start = t->mod_start, .end = t->mod_end, .string = t->string,
	};
	return NULL;
}

static const char *parse_memory(const struct mb2_tag *tag,
				struct boot_params *params)
{
	const struct mb2_tag_basic_memory *t = (const void *)tag;

	if (tag->size < sizeof(*t))
		return "a basic memory tag that is too short";
	params->has_basic_memory = true;
	params->mem_lower_kb = t->mem_lower;
	params->mem_upper_kb = t->mem_upper;
	return NULL;
}

static const char *parse_mmap(const struct mb2_tag *tag,
			      struct boot_params *params, struct e820_map *map)
{
	const struct mb2_tag_mmap *t = (const void *)tag;
	u32 at;

	if (tag->size < sizeof(*t) ||
	    t->entry_size < sizeof(struct mb2_mmap_entry) || t->entry_size % 8)
		return "a memory map with a bad entry size";
	for (at = sizeof(*t); tag->size - at >= t->entry_size;
	     at += t->entry_size) {
		const struct mb2_mmap_entry *e =
			(const void *)((const u8 *)tag + at);

		e820_add(map, e->addr, e->len, e->type);
		params->has_mmap = true;
	}
	return NULL;
}

static const char *parse_rsdp(const struct mb2_tag *tag,
			      struct boot_params *params)
{
	const struct mb2_tag_rsdp *t = (const void *)tag;

	if (params->rsdp && tag->type == MB2_TAG_OLD_RSDP)
		return NULL;
	params->rsdp = t->rsdp;
	params->rsdp_size = tag->size - sizeof(*t);
	return NULL;
}

static const char *parse_tag(const struct mb2_tag *tag,
			     struct boot_params *params, struct e820_map *map)
{
	switch (tag->type) {
	case MB2_TAG_CMDLINE:
		return parse_string(tag, &params->cmdline);
	case MB2_TAG_LOADER:
		return parse_string(tag, &params->loader);
	case MB2_TAG_MODULE:
		return parse_module(tag, params);
	case MB2_TAG_BASIC_MEMORY:
		return parse_memory(tag, params);
	case MB2_TAG_MMAP:
		return parse_mmap(tag, params, map);
	case MB2_TAG_OLD_RSDP:
	case MB2_TAG_NEW_RSDP:
		return parse_rsdp(tag, params);
	}
	return NULL;
}

const char *multiboot2_parse(const void *block, u32 size,
			     struct boot_params *params, struct e820_map *map)
{
	const struct mb2_info *info = block;
	u32 at = sizeof(*info);

	memset(params, 0, sizeof(*params));
	params->cmdline = params->loader = "";
	if (size < sizeof(*info) || info->total_size < sizeof(*info))
		return "it is shorter than its own head";
	if (info->total_size > size)
		return "it is truncated";
	size = info->total_size;
	/* at is a multiple of 8 and at most size rounded up: it cannot wrap */
	while (at < size && size - at >= sizeof(struct mb2_tag)) {
		const struct mb2_tag *tag =
			(const void *)((const u8 *)block + at);
		const char *wrong;

		if (tag->size < sizeof(*tag) || tag->size > size - at)
			return "a tag runs past its end";
		if (tag->type == MB2_TAG_END)
			return NULL;
		wrong = parse_tag(tag, params, map);
		if (wrong)
			return wrong;
		at += ALIGN(tag->size, 8U);
	}
	return "its end tag is missing";
}
