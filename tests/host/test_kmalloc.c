/*
 * kmalloc() and its family: each size there is, chains of krealloc() against a
 * shadow, and what happens when the n-th page is not to be had.
 */
#include "objects.h"
#include <mm/page/page_debug.h>

#define GFP (GFP_ATOMIC | __GFP_NOWARN)
#define CHAINS 300U
#define STEPS 150000U
#define NTH_MOST 40U

/* --- each size --- */

static const u32 classes[KMALLOC_CLASSES] = {
	8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192, 16384,
	32768, 65536, 131072,
};

/* What a request of that size gets. */
static u32 size_got(u32 size)
{
	u32 i, bytes;

	for (i = 0; i < KMALLOC_CLASSES; i++)
		if (size <= classes[i])
			return classes[i];
	for (bytes = PAGE_SIZE; bytes < size; bytes *= 2)
		continue;
	return bytes;
}

static u32 align_got(u32 size)
{
	return size > KMALLOC_MAX_CLASS ? (u32)PAGE_SIZE :
	       min(size_got(size), 32U);
}

static void judge(const void *p, u32 size, gfp_t gfp)
{
	MUST(p);
	MUST(ksize(p) == size_got(size));
	host_out(p, (u32)ksize(p), align_got(size));
	if (gfp & __GFP_DMA)
		MUST(__pa((const char *)p + size_got(size) - 1) <
		     MAX_DMA_PFN * PAGE_SIZE);
}

static void free_judged(const void *p, u32 size, u32 mark)
{
	host_must_hold(p, size, mark);
	host_back(p, (u32)ksize(p));
	kfree(p);
}

static void one_size(u32 size, gfp_t gfp)
{
	void *p = __kmalloc(size, gfp), *q;

	judge(p, size, gfp);
	host_fill(p, size_got(size), size);
	/* by the other ways: the class is the same */
	q = kmalloc_node(size, gfp, (int)host_below(2) - 1);
	judge(q, size, gfp);
	if (size <= KMALLOC_MAX_CLASS) {
		struct kmem_cache *cache = page_cache(slab_page(p));

		MUST(cache == page_cache(slab_page(q)));
		MUST(cache == kmalloc_caches[!!(gfp & __GFP_DMA)]
					    [kmalloc_class(size)]);
		MUST(cache->object_size == size_got(size));
	}
	host_fill(q, size_got(size), size + 1);
	free_judged(p, size_got(size), size);
	free_judged(q, size_got(size), size + 1);
}

static void sizes(const void *arg)
{
	u32 size, before;

	host_boot_objects(64, 1, 0);
	host_seed("kmalloc, sizes");
	before = host_shrunk();
	for (size = 0; size <= 5000; size++) {
		one_size(size, GFP);
		one_size(size, GFP | __GFP_DMA);
	}
	for (size = 8192; size <= KMALLOC_MAX_SIZE; size *= 2) {
		one_size(size - 1, GFP);
		one_size(size, GFP | (host_below(2) ? __GFP_DMA : 0));
		if (size < KMALLOC_MAX_SIZE)
			one_size(size + 1, GFP);
	}
	MUST(!__kmalloc(KMALLOC_MAX_SIZE + 1, GFP));
	MUST(!kmalloc_node(KMALLOC_MAX_SIZE + 1, GFP, -1));
	MUST(!__kmalloc((size_t)0xffffffff, GFP));
	MUST(!kmalloc_node(8, GFP, 1));
	MUST(!kmalloc_node(1 << 20, GFP, 1));
	MUST(host_shrunk() == before);
	host_boot_check();
}

static void test_sizes(void **state)
{
	host_in_child(sizes, NULL, "sizes");
}

/* --- the family --- */

static void must_be_zero(const void *p, u32 size)
{
	const char *c = p;

	while (size--)
		MUST(!c[size]);
}

/* Dirties what comes next from a class. */
static void dirty(u32 size)
{
	void *p = kmalloc(size, GFP);

	memset(p, 0xaa, size_got(size));
	kfree(p);
}

static void constant_sizes(void)
{
	void *p[] = {
		kmalloc(1, GFP), kmalloc(17, GFP), kmalloc(96, GFP),
		kmalloc(129, GFP), kmalloc(1025, GFP | __GFP_DMA),
		kmalloc(131072, GFP), kmalloc(131073, GFP), kzalloc(33, GFP),
	};
	static const u32 got[] = {
		8, 32, 96, 192, 2048, 131072, 262144, 64,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		MUST(p[i] && ksize(p[i]) == got[i]);
		kfree(p[i]);
	}
}

static void family(const void *arg)
{
	u32 before, size;
	char *p;

	host_boot_objects(64, 2, 0);
	before = host_shrunk();
	constant_sizes();
	for (size = 1; size < 600000; size = size * 3 / 2 + 1) {
		dirty(size);
		p = kzalloc(size, GFP);
		must_be_zero(p, size);
		kfree(p);
		dirty(size);
		p = kcalloc(size / 7 + 1, 7, GFP);
		must_be_zero(p, size / 7 * 7 + 7);
		kfree(p);
	}
	MUST(!kcalloc(~(size_t)0, 2, GFP));
	MUST(!kcalloc(2, ~(size_t)0 / 2 + 1, GFP));
	p = kcalloc(0, 5, GFP);
	MUST(p && ksize(p) == 8);
	kfree(p);
	kfree(NULL);
	MUST(ksize(NULL) == 0);
	p = kstrdup("swapper", GFP);
	MUST(!strcmp(p, "swapper") && ksize(p) == 8);
	kfree(p);
	MUST(!kstrdup(NULL, GFP));
	p = kmemdup("0123456789", 4, GFP);
	MUST(!memcmp(p, "0123", 4));
	kfree(p);
	/* from the other node, and back to it */
	p = kmalloc_node(100, GFP, 1);
	MUST(page_to_nid(virt_to_page(p)) == 1);
	kfree(p);
	p = kmalloc_node(1 << 18, GFP, 1);
	MUST(page_to_nid(virt_to_page(p)) == 1);
	kfree(p);
	MUST(host_shrunk() == before);
}

static void test_family(void **state)
{
	host_in_child(family, NULL, "family");
}

/* What is not from here is reported, once, and nothing else happens. */
static void strangers(const void *arg)
{
	struct page *page, *block;
	static int outside;
	char *large;
	u32 before;

	host_boot_objects(64, 1, 0);
	before = host_shrunk();
	page = alloc_pages(GFP, 0);
	block = alloc_pages(GFP | __GFP_COMP, 3);
	large = kmalloc(1 << 18, GFP);
	host_forget_log();
	kfree(page_address(page));
	kfree((char *)page_address(block));
	kfree((char *)page_address(block) + PAGE_SIZE);
	kfree(large + 8);
	kfree(large + PAGE_SIZE);
	kfree(&outside);
	MUST(!ksize(page_address(page)) && !ksize(large + 1));
	MUST(!krealloc(large + 1, 100, GFP));
	MUST(host_log_count("slab error: no object") == 9);
	MUST(slab_errors[SLAB_NO_OBJECT] == 9);
	MUST(page_count(page) == 1 && page_count(block) == 1);
	host_forget_log();
	__free_pages(page, 0);
	__free_pages(block, 3);
	kfree(large);
	/* twice: it is nobody's any more */
	kfree(large);
	MUST(slab_errors[SLAB_NO_OBJECT] == 10);
	/* nor is it one of kmalloc() when its next owner has it */
	block = alloc_pages(GFP | __GFP_COMP, 6);
	MUST(page_address(block) == large && !kmalloc_large_page(large));
	__free_pages(block, 6);
	MUST(host_shrunk() == before);
	host_boot_check();
}

static void test_strangers(void **state)
{
	host_in_child(strangers, NULL, "strangers");
}

/* --- krealloc() --- */

static struct chain {
	void *p;
	u32 size, mark;		/* bytes that are filled */
} chain[CHAINS];

static u32 random_size(void)
{
	return host_below(1 + (1U << host_below(20)));
}

static bool may_fail;

static void fill_chain(struct chain *c, void *p, u32 size)
{
	c->p = p;
	c->size = size;
	c->mark = host_random();
	host_out(p, (u32)ksize(p), 8);
	host_fill(p, size, c->mark);
}

static void free_chain(struct chain *c)
{
	if (!c->p)
		return;
	host_must_hold(c->p, c->size, c->mark);
	host_back(c->p, (u32)ksize(c->p));
	if (host_below(2))
		kfree(c->p);
	else
		MUST(!krealloc(c->p, 0, GFP));
	c->p = NULL;
}

/* Bytewise: a copy whose length is wrong by one is noticed. */
static void change_chain(struct chain *c)
{
	static u8 was[1 << 20];
	u32 size = random_size(), old = (u32)ksize(c->p), kept, i;
	bool zeroed = host_below(2);
	u8 *p;

	if (!size)
		return;
	kept = min(size, c->p ? old : 0);
	host_must_hold(c->p, c->p ? c->size : 0, c->mark);
	memcpy(was, c->p ? c->p : was, kept);
	if (c->p)
		host_back(c->p, old);
	p = krealloc(c->p, size, GFP | (zeroed ? __GFP_ZERO : 0));
	if (!p) {
		MUST(may_fail);
		/* as it was */
		if (c->p) {
			MUST(ksize(c->p) == old);
			host_out(c->p, old, 8);
			host_must_hold(c->p, c->size, c->mark);
		}
		return;
	}
	MUST(!memcmp(p, was, kept));
	for (i = kept; zeroed && i < size; i++)
		MUST(!p[i]);
	MUST(ksize(p) >= size && ksize(p) <= max(size_got(size), old));
	fill_chain(c, p, size);
}

static void chains(const void *arg)
{
	u32 before, step, i;

	host_boot_objects(128, 1, 0);
	host_seed("krealloc");
	before = host_shrunk();
	for (step = 0; step < STEPS; step++) {
		struct chain *c = &chain[host_below(CHAINS)];

		may_fail = !host_below(16);
		page_alloc_fail_nth(may_fail);
		if (host_below(3))
			change_chain(c);
		else
			free_chain(c);
		page_alloc_fail_nth(0);
		if (step % 5000 == 0)
			host_check_objects();
	}
	for (i = 0; i < CHAINS; i++)
		free_chain(&chain[i]);
	MUST(host_shrunk() == before);
	host_boot_check();
}

static void test_chains(void **state)
{
	host_in_child(chains, NULL, "krealloc");
}

/* --- the n-th page is not there --- */

/* Many things at once; false: something was not to be had, and all is back. */
static bool use_everything(void)
{
	static const u32 wanted[] = { 8, 5000, 200, 1 << 18, 70000, 513 };
	struct kmem_cache *cache;
	void *p[ARRAY_SIZE(wanted)], *objects[30];
	bool done = true;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		p[i] = kmalloc(wanted[i], GFP_KERNEL | __GFP_NOWARN);
		done = done && p[i];
	}
	cache = kmem_cache_create("nth", 1000, 0, 0, NULL);
	if (cache) {
		done = !kmem_cache_tune(cache, 10, 5, 60) && done;
		if (kmem_cache_alloc_bulk(cache, GFP, 30, objects))
			kmem_cache_free_bulk(cache, 30, objects);
		else
			done = false;
		MUST(!kmem_cache_destroy(cache));
	}
	for (i = 0; i < ARRAY_SIZE(wanted); i++)
		kfree(p[i]);
	return done && cache;
}

static void nth_page(const void *arg)
{
	u32 before, n, failed = 0;

	host_boot_objects(64, 1, 0);
	MUST(use_everything());
	before = host_shrunk();
	for (n = 1; n <= NTH_MOST; n++) {
		page_alloc_fail_nth(n);
		failed += !use_everything();
		page_alloc_fail_nth(0);
		MUST(host_shrunk() == before);
		host_boot_check();
	}
	/* each of the first ones was needed, and later there were no more */
	MUST(failed > 10 && failed < NTH_MOST);
}

static void test_nth_page(void **state)
{
	host_in_child(nth_page, NULL, "the n-th page");
}

/* --- the first caches --- */

static void too_little(const void *arg)
{
	struct host_machine m;

	host_simple_machine(&m, 0);
	m.nodes = 1;
	host_boot(&m);
	while (alloc_pages(GFP, 0))
		continue;
	EXPECT_DEATH("no cache", kmem_cache_init());
}

/* Without pages for the arrays there are none: a sentence, and it goes on. */
static void no_arrays(const void *arg)
{
	struct host_machine m;
	u32 n;

	host_simple_machine(&m, 0);
	m.lowmem = 64 << 20;
	m.ram[0].size = 64 * HOST_MB;
	host_boot(&m);
	n = *(const u32 *)arg;
	page_alloc_fail_nth(n);
	host_death_armed = true;
	if (!setjmp(host_death)) {
		kmem_cache_init();
		host_death_armed = false;
		MUST(kmalloc_caches[1][KMALLOC_CLASSES - 1]);
		MUST(!host_log_count("no memory for the shared array") ==
		     !host_log_count("allocation failure"));
		kfree(kmalloc(100, GFP));
	} else {
		host_died();
		MUST(strstr(host_death_text, "no cache"));
	}
	page_alloc_fail_nth(0);
}

static void test_no_arrays(void **state)
{
	u32 n;

	for (n = 1; n < 30; n++)
		host_in_child(no_arrays, &n, "arrays");
}

static void test_too_little(void **state)
{
	host_in_child(too_little, NULL, "too little");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_sizes),
		HOST_TEST(test_family),
		HOST_TEST(test_strangers),
		HOST_TEST(test_chains),
		HOST_TEST(test_nth_page),
		HOST_TEST(test_too_little),
		HOST_TEST(test_no_arrays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
