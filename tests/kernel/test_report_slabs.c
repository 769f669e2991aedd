/*
 * slabinfo, slabtop and whatis on a cache of the test's own, whose state is
 * known: numbers, words, and what is said of counters that differ.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/printf.h>
#include <kernel/monitor/monitor.h>
#include <mm/object/internal.h>
#include <mm/object/kmalloc.h>
#include <mm/report/pages.h>
#include <mm/report/slabs.h>
#include <mm/report/whatis.h>
#include "ktest.h"

void record_start(void);
const char *record_stop(void);

#define NAME "report-test"

static struct kmem_cache *cache;
static void *object[700];

/* Stacks of 10, batches of 5, shared arrays of 10. */
static bool create(u32 size, u32 align)
{
	cache = kmem_cache_create(NAME, size, align, 0, NULL);
	if (!EXPECT(cache != NULL))
		return false;
	if (!slab_is_debugged(cache))
		EXPECT_EQ(kmem_cache_tune(cache, 10, 5, 2), 0);
	return true;
}

/* Does the cache keep objects for CPUs, and are those of the CPU's node? */
static bool keeps_objects(void)
{
	if (slab_is_debugged(cache)) {
		test_skip("the cache is debugged");
		return false;
	}
	if (!NODE_DATA(numa_node_id())->node_present_pages) {
		test_skip("the CPU's node has no memory");
		return false;
	}
	return true;
}

static void end(void)
{
	EXPECT_EQ(kmem_cache_destroy(cache), 0);
}

static bool take(u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		if (!object[i])
			return EXPECT(object[i] != NULL);
	}
	return true;
}

static void give(u32 from, u32 to)
{
	while (from < to)
		kmem_cache_free(cache, object[from++]);
}

/* --- numbers --- */

static void expect_counts(u32 active, u32 kept, u32 shared, u32 active_slabs,
			  u32 slabs)
{
	struct slab_numbers n;

	slab_count(cache, &n);
	EXPECT_EQ(n.active_objs, active);
	EXPECT_EQ(n.kept_objs, kept);
	EXPECT_EQ(n.shared_avail, shared);
	EXPECT_EQ(n.active_slabs, active_slabs);
	EXPECT_EQ(n.num_slabs, slabs);
	EXPECT_EQ(n.num_objs, slabs * cache->num);
	EXPECT(!n.error);
}

TEST(report_slabs, counts)
{
	if (!create(64, 0))
		return;
	if (keeps_objects() && take(20)) {
		expect_counts(20, 0, 0, 1, 1);
		give(0, 3);
		expect_counts(17, 3, 0, 1, 1);
		give(3, 20);
		expect_counts(0, 20, 10, 1, 1);
		REQUIRE(take(1));
		expect_counts(1, 19, 10, 1, 1);
		give(0, 1);
		kmem_cache_shrink(cache);
		expect_counts(0, 0, 0, 0, 0);
	}
	end();
}

/* Two slabs and one object; then the first has all its objects free. */
TEST(report_slabs, counts_of_slabs)
{
	u32 num;

	if (!create(64, 0))
		return;
	num = cache->num;
	REQUIRE(num <= 600 && take(num + 1));
	if (keeps_objects()) {
		struct slab_numbers n;

		slab_count(cache, &n);
		EXPECT_EQ(n.active_objs, num + 1);
		EXPECT_EQ(n.active_slabs, 2);
		give(0, num);
		slab_count(cache, &n);
		EXPECT_EQ(n.active_objs, 1);
		EXPECT_EQ(n.num_slabs, 2);
	} else {
		give(0, num);
	}
	give(num, num + 1);
	end();
}

/* The report's line for the cache, without the newline; "" if there is none. */
static const char *slabinfo_line(void)
{
	static char line[200];
	const char *text, *at;
	size_t len;

	record_start();
	report_slabinfo();
	text = record_stop();
	at = strstr(text, "\n" NAME);
	line[0] = '\0';
	if (at) {
		len = (size_t)(strchr(at + 1, '\n') - (at + 1));
		strlcpy(line, at + 1, min(len + 1, sizeof(line)));
	}
	return line;
}

TEST(report_slabs, slabinfo)
{
	char want[200];

	if (!create(100, 16))
		return;
	if (keeps_objects() && take(20)) {
		give(0, 17);
		snprintf(want, sizeof(want), "report-test            3 %6u    "
			 "112 %4u %4u : tunables   10    5    2 : slabdata "
			 "     1      1     10", cache->num, cache->num,
			 1U << cache->order);
		EXPECT_STREQ(slabinfo_line(), want);
		give(17, 20);
	}
	end();
	EXPECT_STREQ(slabinfo_line(), "");
	EXPECT(!strncmp(record_stop(),
		"slabinfo - version: 2.1\n"
		"# name            <active_objs> <num_objs> <objsize> "
		"<objperslab> <pagesperslab>"
		" : tunables <limit> <batchcount> <sharedfactor>"
		" : slabdata <active_slabs> <num_slabs> <sharedavail>\n"
		"kmem_cache        ", 220));
}

/* --- counters that differ --- */

static struct kmem_node *node;
static struct slab *slab;

static void wrong_free_objects(int sign)
{
	node->free_objects += (u32)sign;
}

static void wrong_slabs(int sign)
{
	node->nr_slabs += (u32)sign;
}

static void wrong_inuse(int sign)
{
	slab->inuse = (u16)(slab->inuse + sign);
}

static void wrong_bits(int sign)
{
	slab->bits[0] ^= 2;
}

static void on_the_full_list(int sign)
{
	list_del(&slab->list);
	list_add(&slab->list, sign > 0 ? &node->full : &node->partial);
}

static void on_the_free_list(int sign)
{
	list_del(&slab->list);
	list_add(&slab->list, sign > 0 ? &node->free : &node->partial);
}

static void kept_too_many(int sign)
{
	cache->cpu[0].count += (u32)(sign * 100);
}

/* One complaint, which begins with this; none after it is undone. */
static void expect_error(void (*wrong)(int sign), const char *what)
{
	unsigned int before = printk_warnings();
	struct slab_numbers n;

	wrong(1);
	slabinfo_line();
	wrong(-1);
	EXPECT_EQ(printk_warnings() - before, 1);
	if (!strstr(record_stop(), what))
		EXPECT_STREQ("not told", what);
	slab_count(cache, &n);
	EXPECT(!n.error);
}

TEST(report_slabs, accounting_errors)
{
	if (!create(64, 0) || !take(1))
		return;
	slab = page_slab(virt_to_page(object[0]));
	node = cache->node[page_to_nid(virt_to_page(object[0]))];
	test_allow_warnings(7);
	expect_error(wrong_free_objects, "error: slab: cache report-test "
		     "error: free_objects accounting error: ");
	expect_error(wrong_slabs, "slab: cache report-test error: nr_slabs "
		     "accounting error: 1 counted, 2 noted\n");
	expect_error(wrong_inuse, "slab: cache report-test error: slab bits "
		     "accounting error: ");
	expect_error(wrong_bits, "slab: cache report-test error: slab bits "
		     "accounting error: ");
	expect_error(on_the_full_list, "slab: cache report-test error: "
		     "slabs_full/inuse accounting error: ");
	expect_error(on_the_free_list, "slab: cache report-test error: "
		     "slabs_free/inuse accounting error: ");
	expect_error(kept_too_many, "slab: cache report-test error: kept "
		     "objects accounting error: ");
	give(0, 1);
	end();
}

/* --- slabtop --- */

static const char *slabtop(const char *order)
{
	record_start();
	EXPECT(report_slabtop(order));
	return record_stop();
}

/* The number in column n of the line; 1 is the first. */
static u64 column(const char *line, u32 n)
{
	u64 number = 0;

	for (;;) {
		while (*line == ' ')
			line++;
		if (!--n)
			break;
		while (*line != ' ')
			line++;
	}
	EXPECT_EQ(parse_u64(line, NULL, &number), 0);
	return number;
}

/* Do the numbers of a column fall from line to line? How many lines. */
static u32 falling_lines(const char *text, u32 n)
{
	const char *line = strstr(text, " NAME");
	u64 last = ~0ULL, number;
	u32 lines = 0;

	if (!EXPECT(line != NULL))
		return 0;
	for (line = strchr(line, '\n') + 1; *line;
	     line = strchr(line, '\n') + 1) {
		number = column(line, n);
		EXPECT(number <= last);
		last = number;
		lines++;
	}
	return lines;
}

static u32 nr_caches(void)
{
	struct slab_numbers n;
	u32 i = 0;

	while (slab_count_nth(i, &n))
		i++;
	return i;
}

TEST(report_slabs, slabtop_is_sorted)
{
	u32 caches;

	if (!create(64, 0) || !take(300))
		return;
	caches = nr_caches();
	EXPECT_EQ(falling_lines(slabtop("objs"), 1), caches);
	EXPECT_EQ(falling_lines(slabtop("active"), 2), caches);
	EXPECT_EQ(falling_lines(slabtop("slabs"), 5), caches);
	EXPECT(strstr(slabtop("size"), "NAME                   \n     0      0"
		      "   0%  128.00K      0        1         0K size-131072"));
	EXPECT(strstr(slabtop("name"), "kmem_node"));
	EXPECT(strstr(record_stop(), NAME) > strstr(record_stop(),
						    "kmem_node"));
	EXPECT(strstr(record_stop(), NAME) < strstr(record_stop(),
						    "size-1024"));
	record_start();
	EXPECT(!report_slabtop("colour"));
	EXPECT_STREQ(record_stop(), "");
	give(0, 300);
	end();
}

TEST(report_slabs, slabtop_line)
{
	char want[100];
	u32 slabs;

	if (!create(64, 0))
		return;
	if (keeps_objects() && take(300)) {
		slabs = (300 + cache->num - 1) / cache->num;
		snprintf(want, sizeof(want), "%6u %6u %3u%%    0.06K %6u %8u "
			 "%9uK report-test            \n", slabs * cache->num,
			 300U, 30000U / (slabs * cache->num), slabs,
			 (u32)cache->num,
			 slabs << cache->order << (PAGE_SHIFT - 10));
		EXPECT(strstr(slabtop("active"), want));
		EXPECT(strstr(record_stop(),
			" Minimum / Average / Maximum Object : 0.01K / "));
		give(0, 300);
	}
	end();
}

/* --- meminfo --- */

TEST(report_slabs, meminfo_counts_slabs)
{
	u32 before = slab_pages_of_all(), pages;

	if (!create(2048, 0))
		return;
	/* the cache itself, its parts and arrays may have needed some */
	pages = slab_pages_of_all();
	EXPECT(pages >= before);
	REQUIRE(take(1));
	EXPECT(slab_pages_of_all() >= pages + (1U << cache->order));
	give(0, 1);
	end();
}

/* --- whatis --- */

/* What whatis says of the address, from the line of the cache on. */
static const char *object_text(const void *address)
{
	record_start();
	report_object((u32)(uintptr_t)address);
	return record_stop();
}

static bool says(const void *address, const char *what)
{
	return strstr(object_text(address), what) ||
	       !EXPECT_STREQ(record_stop(), what);
}

static char sentence[200];

static const char *object_says(u32 index, u32 offset, const char *state)
{
	snprintf(sentence, sizeof(sentence), "object %u at %08x, offset %u: "
		 "%s\n", index, (u32)(uintptr_t)object[index], offset, state);
	return sentence;
}

TEST(report_slabs, whatis_states)
{
	char holder[48];

	if (!create(64, 0))
		return;
	if (!keeps_objects() || !take(20)) {
		end();
		return;
	}
	EXPECT(says(object[0], object_says(0, 0, "in use")));
	EXPECT(says((char *)object[3] + 63, object_says(3, 63, "in use")));
	snprintf(sentence, sizeof(sentence), "  cache report-test: slab %08x, "
		 "%u page%s, 20 of %u objects of 64 bytes taken\n",
		 (u32)(uintptr_t)page_slab(virt_to_page(object[0])),
		 1U << cache->order, cache->order ? "s" : "", cache->num);
	EXPECT(!strncmp(object_text(object[0]), sentence, strlen(sentence)));
	give(0, 20);
	/* the first ten went to the shared array, the last ones stayed */
	snprintf(holder, sizeof(holder), "free, in the shared array of node %d",
		 page_to_nid(virt_to_page(object[0])));
	EXPECT(says(object[0], object_says(0, 0, holder)));
	EXPECT(says(object[19], object_says(19, 0, "free, on the stack of "
					    "CPU 0")));
	snprintf(sentence, sizeof(sentence), "object 20 at %08x, offset 1: "
		 "free in its slab\n",
		 (u32)(uintptr_t)object[0] + 20 * 64);
	EXPECT(says((char *)object[0] + 20 * 64 + 1, sentence));
	end();
	EXPECT_STREQ(object_text(object[0]), "");
}

/* Of a slab with its management in itself, all parts but objects. */
TEST(report_slabs, whatis_parts)
{
	struct slab *here;
	char *last, *behind;
	u32 num;

	if (!create(100, 32))
		return;
	num = cache->num;
	REQUIRE(num < 600 && take(num + 1));
	here = page_slab(virt_to_page(object[num]));
	EXPECT(says(here, "the slab's management, offset 0\n"));
	EXPECT(says(here->s_mem - 1, "the slab's management, offset "));
	EXPECT(says((char *)object[num] + 103, "3 bytes behind object "));
	if (here->colour)
		EXPECT(says((char *)here - 1, "colour space"));
	last = buffer_at(cache, here, num - 1U);
	behind = (char *)here - here->colour + (PAGE_SIZE << cache->order) - 1;
	if (behind >= last + cache->size)
		EXPECT(says(behind, "left over behind the last object\n"));
	give(0, num + 1);
	end();
}

TEST(report_slabs, whatis_off_slab)
{
	char *begin;

	if (!create(2048, 0) || !take(1))
		return;
	if (cache->flags & CACHE_OFF_SLAB) {
		begin = (char *)((uintptr_t)object[0] & PAGE_MASK);
		EXPECT(says(page_slab(virt_to_page(object[0])),
			    "  cache size-"));
		EXPECT(says(begin, begin == object[0] ? ", offset 0: in use" :
			    "colour space"));
	}
	give(0, 1);
	end();
}

TEST(report_slabs, whatis_large_block)
{
	char *p = kmalloc(150000, GFP_KERNEL);

	REQUIRE(p);
	snprintf(sentence, sizeof(sentence), "  kmalloc: a block of 262144 "
		 "bytes at %08x, offset 100001\n", (u32)(uintptr_t)p);
	EXPECT_STREQ(object_text(p + 100001), sentence);
	record_start();
	report_phys(__pa(p) + 100001);
	EXPECT(strstr(record_stop(), sentence));
	record_start();
	report_whatis((u32)(uintptr_t)p + 100001);
	EXPECT(strstr(record_stop(), sentence));
	kfree(p);
	EXPECT_STREQ(object_text(p + 100001), "");
}

/* A page that claims to be of a slab, and of a cache that is on no list. */
TEST(report_slabs, whatis_believes_no_page)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct slab *forged;

	REQUIRE(page);
	forged = (struct slab *)((char *)page_address(page) + 2048);
	memcpy(page_address(page), kmalloc_caches[0][3],
	       sizeof(struct kmem_cache));
	memset(forged, 0, 1024);
	forged->s_mem = (char *)page_address(page) + 3072;
	page->flags |= 1U << PG_slab;
	page->mapping = page_address(page);
	page->private = (unsigned long)forged;
	EXPECT_STREQ(object_text(page_address(page)), "");
	page->private = 0;
	page->mapping = NULL;
	page->flags &= ~(1U << PG_slab);
	__free_page(page);
}

/* --- commands --- */

static const char *typed(const char *command)
{
	char line[80];

	strlcpy(line, command, sizeof(line));
	record_start();
	monitor_run_line(line);
	return record_stop();
}

static const char limits[] =
	"slabinfo: LIMIT is 1 to 120, BATCH 1 to LIMIT, SHARED 0 to 64\n";

TEST(report_slabs, command_tunes)
{
	if (!create(64, 0))
		return;
	if (keeps_objects()) {
		EXPECT_STREQ(typed("slabinfo report-test 20 4 3"), "");
		EXPECT_EQ(cache->limit, 20);
		EXPECT_EQ(cache->batch, 4);
		EXPECT_EQ(cache->shared, 3);
		EXPECT(strstr(slabinfo_line(), "tunables   20    4    3"));
		EXPECT_STREQ(typed("slabinfo report-test 121 4 3"), limits);
		EXPECT_STREQ(typed("slabinfo report-test 4 5 3"), limits);
		EXPECT_STREQ(typed("slabinfo report-test 4 4 65"), limits);
		EXPECT_STREQ(typed("slabinfo report-test 4 4k 6"),
			     "slabinfo: 4k is no number\n");
		EXPECT_EQ(cache->limit, 20);
	}
	end();
	EXPECT_STREQ(typed("slabinfo report-test 20 4 3"),
		     "slabinfo: there is no cache report-test\n");
	EXPECT_STREQ(typed("slabinfo report-test"),
		     "usage: slabinfo [NAME LIMIT BATCH SHARED]\n");
}

TEST(report_slabs, command_tunes_no_debugged_cache)
{
	cache = kmem_cache_create(NAME, 64, 0, SLAB_RED_ZONE, NULL);
	REQUIRE(cache);
	if (slab_is_debugged(cache))
		EXPECT_STREQ(typed("slabinfo report-test 20 4 3"),
			     "slabinfo: report-test is debugged and keeps "
			     "nothing for CPUs\n");
	else
		test_skip("debug= switches it off");
	end();
}

TEST(report_slabs, commands_give_back)
{
	u32 pages;

	if (!create(2048, 0))
		return;
	if (keeps_objects() && take(10)) {
		pages = (10 + cache->num - 1U) / cache->num << cache->order;
		give(0, 10);
		snprintf(sentence, sizeof(sentence), "slabshrink: %u pages "
			 "given back\n", pages);
		EXPECT_STREQ(typed("slabshrink report-test"), sentence);
		EXPECT_STREQ(typed("slabshrink report-test"),
			     "slabshrink: 0 pages given back\n");
	}
	end();
	EXPECT_STREQ(typed("slabshrink report-test"),
		     "slabshrink: there is no cache report-test\n");
	EXPECT(strstr(typed("slabreap"), " given back\n"));
	EXPECT(strstr(typed("slabtop up"), "usage: slabtop ["));
}
