/*
 * SRAT and SLIT: the first two bytes divide the input into two tables, which
 * are then whole tables but for their sums, which others judge. What is taken
 * from them must be fit for the page allocator.
 */
#include "fuzz.h"
#include <kernel/acpi.h>
#include <kernel/srat.h>

static struct numa_info info;
static struct srat_domains domains;

/* On the heap, and not a byte longer; at an odd address, as in ACPI. */
static u8 *copy(const u8 *data, size_t size)
{
	u8 *table = malloc(size + 1);

	memcpy(table + 1, data, size);
	return table + 1;
}

static void domains_must_be_sane(void)
{
	unsigned int i;

	MUST(domains.nr >= 1 && domains.nr <= MAX_NUMNODES);
	MUST(info.nr_nodes == domains.nr);
	for (i = 1; i < domains.nr; i++)
		MUST(domains.domain[i] > domains.domain[i - 1]);
}

/* RAM in some places: whether the table covers it is another question. */
static void cover(const u8 *data, size_t size)
{
	static struct memblock mb;
	struct input in = { data, data + min(size, (size_t)24) };
	const char *wrong;
	unsigned int i;
	u64 pfn;

	memblock_init(&mb);
	memblock_add(&mb, 0, 0x9fc00);
	memblock_add(&mb, 0x100000, 0x7ee0000);
	while (in.at < in.end)
		memblock_add(&mb, input_number(&in), input_number(&in));
	wrong = numa_cover_ram(&info, &mb);
	if (wrong)
		return;
	MUST(!numa_check(&info));
	for (i = 0; i < mb.memory.cnt; i++) {
		pfn = (mb.memory.regions[i].base + 0xfff) >> 12;
		MUST(numa_node_of(&info, pfn) >= 0 &&
		     numa_node_of(&info, pfn) < (int)info.nr_nodes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	size_t length = input_byte(&in);
	struct numa_info before;
	const char *wrong;
	u8 *srat, *slit;

	host_reset();
	length |= (size_t)input_byte(&in) << 8;
	length = min(length, (size_t)(in.end - in.at));
	srat = copy(in.at, length);
	slit = copy(in.at + length, (size_t)(in.end - in.at) - length);
	wrong = srat_parse(srat, (u32)length, 0, &domains, &info);
	if (!wrong) {
		domains_must_be_sane();
		wrong = numa_check(&info);
		if (wrong)
			host_die("a table was accepted, but %s", wrong);
		before = info;
		wrong = slit_parse(slit, (u32)(in.end - in.at - length),
				   &domains, &info);
		if (wrong)
			MUST(!memcmp(&info, &before, sizeof(info)));
		else
			MUST(!numa_check(&info));
		cover(data, size);
	}
	free(srat - 1);
	free(slit - 1);
	return 0;
}
