/*
 * ACPI's tables of locality, SRAT and SLIT, become a struct numa_info.
 *
 * 1. SRAT (5.2.16): a header of 36 bytes, 12 reserved ones, then entries, each
 *    with its type and its length in front:
 *
 *	type	bytes	what
 *	0	16	a CPU by its APIC id, and its proximity domain
 *	1	40	a range of memory, and its proximity domain
 *	2	24	a CPU by its x2APIC id, and its proximity domain
 *	3..6		other architectures, devices: passed over
 *
 *    An entry counts only if its enabled bit is set: firmware fills up with
 *    entries that are not. Revision 1 has domains of 8 bits, and the bytes
 *    where later ones put the rest hold anything.
 *
 * 2. Two passes. Nodes are numbered by the rank of their domain, so all domains
 *    must be known before the first range is entered.
 *
 * 3. All or nothing. A table that is wrong in one entry was filled by a program
 *    that is wrong, and to give RAM to the wrong node costs more than to have
 *    one node: it would be far for ever, and nobody would know. So the first
 *    mistake ends it. An unknown type is a mistake, too: a later revision may
 *    say with it what takes back what an entry before it said.
 *
 * 4. Borders inside of a page: its frame would belong to two nodes. Ranges are
 *    rounded outwards, so that such a page is an overlap, as any other.
 *
 * 5. SLIT (5.2.17): the header, a 64-bit count, then count * count bytes, the
 *    distances from domain i (row) to domain j (column). A domain is 10 from
 *    itself, 255 is out of reach. A broken one costs nothing but the distances:
 *    they only order the zonelists, and any order works. So the nodes stay.
 *
 * 6. Memory: none but the caller's. Cost: two walks of the table, and an
 *    insertion for each range.
 */
#include <kernel/acpi.h>
#include <kernel/cpu/page.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <kernel/srat.h>

#define SRAT_HEAD (sizeof(struct acpi_header) + 12)
#define SLIT_HEAD (sizeof(struct acpi_header) + 8)
#define ENTRY_HEAD 2U
#define SLIT_MOST 65535		/* domains; derived: its square has 32 bits */

#define ENABLED 0x1U		/* flags of all three */
#define NON_VOLATILE 0x4U	/* of memory: a disk, not RAM */

enum srat_type {
	SRAT_CPU, SRAT_MEMORY, SRAT_X2APIC, SRAT_GICC, SRAT_ITS,
	SRAT_INITIATOR, SRAT_PORT, NR_SRAT_TYPES
};

struct srat_cpu {
	u8 type, length;
	u8 domain_low;
	u8 apic_id;
	u32 flags;
	u8 sapic_eid;
	u8 domain_high[3];
	u32 clock_domain;
} __packed;

struct srat_memory {
	u8 type, length;
	u32 domain;
	u16 reserved;
	u64 base, size;
	u32 reserved2;
	u32 flags;
	u64 reserved3;
} __packed;

struct srat_x2apic {
	u8 type, length;
	u16 reserved;
	u32 domain;
	u32 x2apic_id;
	u32 flags;
	u32 clock_domain;
	u32 reserved2;
} __packed;

_Static_assert(sizeof(struct srat_cpu) == 16 &&
	       sizeof(struct srat_memory) == 40 &&
	       sizeof(struct srat_x2apic) == 24, "sizes of SRAT's entries");

static const u8 least_length[NR_SRAT_TYPES] = {
	[SRAT_CPU] = sizeof(struct srat_cpu),
	[SRAT_MEMORY] = sizeof(struct srat_memory),
	[SRAT_X2APIC] = sizeof(struct srat_x2apic),
};

/* What an entry says, whatever its type. */
struct affinity {
	bool is_memory;
	u32 domain;
	u32 apic_id;		/* of a CPU */
	u64 base, size;		/* of memory: bytes */
};

struct parser {
	const u8 *table;
	u32 length;
	u32 boot_apic_id;
	struct srat_domains *domains;
	struct numa_info *info;
};

static const char *check_entry(const u8 *entry, u32 left)
{
	if (left < ENTRY_HEAD || entry[1] > left)
		return "an entry runs past the end of the table";
	if (entry[1] < ENTRY_HEAD)
		return "an entry is shorter than its own head";
	if (entry[0] >= NR_SRAT_TYPES)
		return "an entry is of an unknown type";
	if (entry[1] < least_length[entry[0]])
		return "an entry is too short for its type";
	return NULL;
}

/* Each false: it does not count. */

static bool read_cpu(const struct srat_cpu *entry, struct affinity *a)
{
	*a = (struct affinity){
		.domain = entry->domain_low | entry->domain_high[0] << 8 |
			  entry->domain_high[1] << 16 |
			  (u32)entry->domain_high[2] << 24,
		.apic_id = entry->apic_id,
	};
	return entry->flags & ENABLED;
}

static bool read_x2apic(const struct srat_x2apic *entry, struct affinity *a)
{
	*a = (struct affinity){
		.domain = entry->domain, .apic_id = entry->x2apic_id,
	};
	return entry->flags & ENABLED;
}

static bool read_memory(const struct srat_memory *entry, struct affinity *a)
{
	*a = (struct affinity){
		.is_memory = true, .domain = entry->domain,
		.base = entry->base, .size = entry->size,
	};
	return (entry->flags & (ENABLED | NON_VOLATILE)) == ENABLED && a->size;
}

static bool read_entry(const struct parser *p, const u8 *entry,
		       struct affinity *a)
{
	const struct acpi_header *header = (const void *)p->table;
	bool counts = false;

	switch (entry[0]) {
	case SRAT_CPU:
		counts = read_cpu((const void *)entry, a);
		break;
	case SRAT_MEMORY:
		counts = read_memory((const void *)entry, a);
		break;
	case SRAT_X2APIC:
		counts = read_x2apic((const void *)entry, a);
		break;
	}
	if (counts && header->revision < 2)
		a->domain &= 0xff;
	return counts;
}

/* The first pass: enters the domain in its place. */
static const char *note_domain(const struct parser *p, const struct affinity *a)
{
	struct srat_domains *d = p->domains;
	unsigned int at = 0, i;

	while (at < d->nr && d->domain[at] < a->domain)
		at++;
	if (at < d->nr && d->domain[at] == a->domain)
		return NULL;
	if (d->nr == MAX_NUMNODES)
		return "too many proximity domains";
	for (i = d->nr++; i > at; i--)
		d->domain[i] = d->domain[i - 1];
	d->domain[at] = a->domain;
	return NULL;
}

static int node_of_domain(const struct srat_domains *d, u32 domain)
{
	unsigned int node;

	for (node = 0; node < d->nr; node++)
		if (d->domain[node] == domain)
			return (int)node;
	return -EINVAL;
}

static const char *add_memory(struct numa_info *info, int node, u64 base,
			      u64 size)
{
	u64 last = base + (size - 1);

	if (last < base)
		return "a range of memory runs past 2^64";
	switch (numa_add_range(info, node, PFN_DOWN(base),
			       PFN_DOWN(last) + 1)) {
	case 0:
		return NULL;
	case -EEXIST:
		return "two ranges of memory overlap";
	default:
		return "too many ranges of memory";
	}
}

/* The second pass. */
static const char *note_affinity(const struct parser *p,
				 const struct affinity *a)
{
	int node = node_of_domain(p->domains, a->domain);

	if (a->is_memory)
		return add_memory(p->info, node, a->base, a->size);
	p->info->has_cpu[node] = true;
	if (a->apic_id == p->boot_apic_id)
		p->info->boot_node = node;
	return NULL;
}

/* Calls fn for each entry that counts, as far as there is nothing wrong. */
static const char *walk(const struct parser *p,
			const char *(*fn)(const struct parser *p,
					  const struct affinity *a))
{
	const char *wrong;
	const u8 *entry;
	struct affinity a;
	u32 at;

	for (at = SRAT_HEAD; at < p->length; at += entry[1]) {
		entry = p->table + at;
		wrong = check_entry(entry, p->length - at);
		if (!wrong && read_entry(p, entry, &a))
			wrong = fn(p, &a);
		if (wrong)
			return wrong;
	}
	return NULL;
}

const char *srat_parse(const void *table, u32 length, u32 boot_apic_id,
		       struct srat_domains *domains, struct numa_info *info)
{
	const struct parser p = {
		.table = table, .length = length, .boot_apic_id = boot_apic_id,
		.domains = domains, .info = info,
	};
	const char *wrong;

	numa_clear(info);
	memset(domains, 0, sizeof(*domains));
	if (length < SRAT_HEAD)
		return "it is shorter than its own head";
	wrong = walk(&p, note_domain);
	if (wrong)
		return wrong;
	info->boot_node = -1;
	wrong = walk(&p, note_affinity);
	if (wrong)
		return wrong;
	if (!info->nr_ranges)
		return "no memory has a node";
	info->nr_nodes = domains->nr;
	if (info->boot_node < 0)
		info->boot_node = info->range[0].node;
	info->has_cpu[info->boot_node] = true;
	return NULL;
}

/* --- SLIT --- */

static const char *check_matrix(const u8 *matrix, u32 count)
{
	u32 i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++) {
			u8 distance = matrix[i * count + j];

			if (i == j && distance != LOCAL_DISTANCE)
				return "a domain is not 10 from itself";
			if (distance < LOCAL_DISTANCE)
				return "a distance is below 10";
		}
	return NULL;
}

const char *slit_parse(const void *table, u32 length,
		       const struct srat_domains *domains,
		       struct numa_info *info)
{
	const u8 *matrix = (const u8 *)table + SLIT_HEAD;
	const char *wrong;
	unsigned int i, j;
	u64 count;

	if (length < SLIT_HEAD)
		return "it is shorter than its own head";
	memcpy(&count, matrix - sizeof(count), sizeof(count));
	if (!count || count > SLIT_MOST)
		return "its number of domains is absurd";
	if (count * count > length - SLIT_HEAD)
		return "it is shorter than its matrix";
	wrong = check_matrix(matrix, (u32)count);
	if (wrong)
		return wrong;
	for (i = 0; i < domains->nr; i++)
		for (j = 0; j < domains->nr; j++)
			if (domains->domain[i] < count &&
			    domains->domain[j] < count)
				info->distance[i][j] =
					matrix[domains->domain[i] * count +
					       domains->domain[j]];
	return NULL;
}
