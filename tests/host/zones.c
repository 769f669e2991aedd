#include "zones.h"
#include <mm/page/internal.h>

char host_difference[4096];

static void set_page(struct page *page, u32 flags, s32 count)
{
	memset(page, 0, sizeof(*page));
	page->flags = flags;
	atomic_set(&page->_count, count);
	atomic_set(&page->_mapcount, -1);
	INIT_LIST_HEAD(&page->lru);
}

void host_frames(u32 frames)
{
	u32 pfn;

	free(mem_map);
	max_mapnr = ALIGN(frames, 1U << (MAX_ORDER - 1));
	max_low_pfn = max_mapnr;
	mem_map_bytes = max_mapnr * sizeof(struct page);
	mem_map = malloc(max_mapnr * sizeof(struct page));
	for (pfn = 0; pfn < max_mapnr; pfn++)
		set_page(pfn_to_page(pfn), ZONEID_PRIVATE << ZONEID_SHIFT |
			 1U << PG_reserved, 1);
}

void host_nodes_init(struct host_nodes *nodes, unsigned int nr)
{
	unsigned int i;

	memset(nodes, 0, sizeof(*nodes));
	nodes->set.nr = nr;
	memset(nodes->set.distance, 20, sizeof(nodes->set.distance));
	for (i = 0; i < nr; i++) {
		node_init(&nodes->node[i], (int)i, ZONEID_PRIVATE + 4 * i);
		nodes->set.node[i] = &nodes->node[i];
		nodes->set.distance[i][i] = 10;
		nodes->set.has_cpu[i] = true;
	}
	cpu_to_node[0] = 0;
}

static bool ram_at(host_ram_t is_ram, u32 pfn, u32 end)
{
	return pfn < end && (!is_ram || is_ram(pfn));
}

struct zone *host_zone(struct host_nodes *nodes, unsigned int node,
		       enum zone_type type, u32 start, u32 end,
		       host_ram_t is_ram)
{
	struct zone *zone = &nodes->node[node].node_zones[type];
	u32 present = 0, pfn, from;

	for (pfn = start; pfn < end; pfn++)
		present += ram_at(is_ram, pfn, end);
	zone_init(zone, start, end - start, present);
	for (pfn = start; pfn < end; pfn++)
		if (ram_at(is_ram, pfn, end))
			set_page(pfn_to_page(pfn), zone_flags(zone), 0);
	for (pfn = start; pfn < end; pfn++) {
		for (from = pfn; ram_at(is_ram, pfn, end); pfn++)
			continue;
		if (pfn > from)
			free_page_range(zone, from, pfn);
	}
	return zone;
}

void host_nodes_done(struct host_nodes *nodes)
{
	struct zone *zone;
	unsigned int i;

	build_zonelists(&nodes->set);
	for_each_zone_of(&nodes->set, zone, i)
		zone_set_marks(zone, 0, 0, 0);
	host_check(&nodes->set);
}

static void keep(const char *sentence)
{
	size_t at = strlen(host_difference);

	snprintf(host_difference + at, sizeof(host_difference) - at, "%s\n",
		 sentence);
}

unsigned int host_differences(struct zone *zone)
{
	host_difference[0] = '\0';
	return check_zone(zone, keep) +
	       check_zone_pages(zone, keep);
}

void host_check_zone(struct zone *zone)
{
	unsigned int n = host_differences(zone);

	if (n)
		fail_msg("%u differences: %s", n, host_difference);
}

void host_check_lists(struct zone *zone)
{
	unsigned int n;

	host_difference[0] = '\0';
	n = check_zone(zone, keep);
	if (n)
		fail_msg("%u differences: %s", n, host_difference);
}

void host_check(const struct node_set *set)
{
	unsigned int n;

	host_difference[0] = '\0';
	n = check_nodes(set, keep);
	if (n)
		fail_msg("%u differences: %s", n, host_difference);
}

struct page *host_take(struct zone *zone, unsigned int order)
{
	u32 flags = spin_lock_irqsave(&zone->lock);
	struct page *page = __rmqueue(zone, order);

	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

void host_give(struct zone *zone, struct page *page, unsigned int order)
{
	u32 flags = spin_lock_irqsave(&zone->lock);

	__free_one_page(zone, page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
}

u32 host_free_pages(const struct zone *zone)
{
	return zone->free_pages + nr_pcp_pages(zone);
}

struct host_areas host_areas(const struct zone *zone)
{
	struct host_areas areas;
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++)
		areas.nr[order] = zone->free_area[order].nr_free;
	return areas;
}
