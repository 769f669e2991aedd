/*
 * Pages that go while others use them: threads that touch, fork, move, cut and
 * unmap, each against a shadow of what it wrote, and threads that take away
 * whatever they find. Nothing may be lost, and nothing be seen by another.
 */
#include <kernel/sched/task.h>
#include <mm/object/kmalloc.h>
#include <mm/space/internal.h>
#include "fake_swap.h"
#include "private_file.h"
#include "threads.h"

#define PAGES 12U
#define USERS 3U
#define ROUNDS 400U
#define FAR 0x10000000U			/* where an area may move to */

/* Each thread's space, and what is in word 0 of its pages. */
struct user {
	struct mm_struct *mm;
	u32 base;		/* where its pages are now */
	u32 word[PAGES];
	u32 seed, wrong, bad_round;
};

static struct user users[USERS];
static u32 taken;

static u32 at(const struct user *u, u32 page)
{
	return u->base + page * PAGE_SIZE;
}

/* Anything may come in between, from the next tick on. */
static void perhaps_preempted(u32 *seed)
{
	u32 n = random_below(seed, 8);

	if (!n)
		be_preempted();
	else if (n == 1)
		current->time_slice = 1;
}

static void verify(struct user *u, u32 page)
{
	if (peek(at(u, page)) != u->word[page])
		u->wrong++;
}

static void write(struct user *u)
{
	u32 page = random_below(&u->seed, PAGES);
	u32 word = u->seed | 1;

	if (poke(at(u, page), word))
		u->word[page] = word;
	else
		u->wrong++;
}

/* A child sees what its parent has, and writes where nobody else sees it. */
static void fork(struct user *u)
{
	struct mm_struct *child = dup_mm(u->mm);
	u32 i;

	if (!child) {
		u->wrong++;
		return;
	}
	use_mm(child);
	for (i = 0; i < PAGES; i++) {
		perhaps_preempted(&u->seed);
		verify(u, i);
		if (random_below(&u->seed, 2) && !poke(at(u, i), ~i))
			u->wrong++;
	}
	use_mm(u->mm);
	mmput(child);
	for (i = 0; i < PAGES; i++)
		verify(u, i);
}

static void move(struct user *u)
{
	u32 to = u->base ^ FAR;

	if (move_pages(u->mm, u->base, PAGES, PAGES,
		       MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		u->wrong++;
	else
		u->base = to;
}

/* A part gets other rights, and gets them back. */
static void cut(struct user *u)
{
	u32 page = random_below(&u->seed, PAGES - 2);

	if (protect_pages(u->mm, at(u, page), 2,
			  random_below(&u->seed, 2) ? PROT_NONE : PROT_READ))
		u->wrong++;
	perhaps_preempted(&u->seed);
	if (protect_pages(u->mm, at(u, page), 2, RW))
		u->wrong++;
	verify(u, page);
}

static void forget(struct user *u)
{
	u32 page = random_below(&u->seed, PAGES);

	/* what is mapped anew where others moved to is an area of its own */
	if (u->base != USER || random_below(&u->seed, 2)) {
		if (do_madvise(u->mm, at(u, page), PAGE_SIZE, MADV_DONTNEED))
			u->wrong++;
	} else if (unmap_pages(u->mm, at(u, page), 1) ||
		   map_pages(u->mm, at(u, page), 1, RW, MAP_FIXED) !=
		   at(u, page)) {
		u->wrong++;
	}
	u->word[page] = 0;
}

static int uses_memory(void *data)
{
	struct user *u = data;
	u32 i, k;

	use_mm(u->mm);
	for (i = 0; i < ROUNDS && !u->wrong; i++) {
		u32 n = random_below(&u->seed, 16);

		perhaps_preempted(&u->seed);
		if (n < 10)
			write(u);
		else if (n < 11)
			fork(u);
		else if (n < 12)
			move(u);
		else if (n < 13)
			cut(u);
		else if (n < 14)
			forget(u);
		verify(u, random_below(&u->seed, PAGES));
		u->bad_round = i;
	}
	for (k = 0; k < PAGES; k++)
		verify(u, k);
	unuse_mm();
	return 0;
}

/* Whoever is shown there now: aged, entered, unmapped, written, gone. */
static int takes_away(void *data)
{
	u32 seed = (u32)(uintptr_t)data;

	while (!kthread_should_stop()) {
		struct user *u = &users[random_below(&seed, USERS)];
		u32 addr = at(u, random_below(&seed, PAGES));

		taken += swap_out(u->mm, addr);
		perhaps_preempted(&seed);
		if (!random_below(&seed, 4))
			yield();
	}
	return 0;
}

/* All begin as copies of the first. */
static bool make_users(void)
{
	u32 i, k;

	for (i = 0; i < USERS; i++) {
		struct user *u = &users[i];

		*u = (struct user){ .base = USER, .seed = 0x1234567 * (i + 1) };
		u->mm = i ? dup_mm(users[0].mm) : space_begin();
		if (!u->mm)
			return false;
		for (k = 0; k < PAGES; k++)
			u->word[k] = 100 + k;
		if (i)
			continue;
		if (map_pages(u->mm, USER, PAGES, RW, MAP_FIXED) != USER)
			return false;
		for (k = 0; k < PAGES; k++)
			poke(at(u, k), u->word[k]);
	}
	unuse_mm();
	return true;
}

TEST(rmap_storm, private_memory)
{
	struct crew crew = { .n = 0 }, takers = { .n = 0 };
	u32 i, before = sum_space_counts().anon;

	fake_swap_begin();
	REQUIRE(make_users());
	taken = 0;
	for (i = 0; i < 2; i++)
		crew_add(&takers, PRIO_DEFAULT, takes_away,
			 (void *)(uintptr_t)(77 + i));
	for (i = 0; i < USERS; i++)
		crew_add(&crew, PRIO_DEFAULT, uses_memory, &users[i]);
	crew_join(&crew);
	crew_stop(&takers);
	for (i = 0; i < USERS; i++) {
		EXPECT_EQ(users[i].wrong, 0);
		space_check(users[i].mm);
		mmput(users[i].mm);
	}
	EXPECT(taken > 100 && fake_swap.ins > 100);
	fake_swap_end();
	EXPECT_EQ(sum_space_counts().anon, before);
}

/* --- a file that several spaces share --- */

#define FILE_PAGES 8U
#define WRITERS 3U

/* What is clean goes, and is read again as it first was: a write that was not
 * noted is lost then. */
static int takes_file_pages(void *data)
{
	u32 seed = 99;

	while (!kthread_should_stop()) {
		u32 index = random_below(&seed, FILE_PAGES);
		struct page *page = find_lock_page(&file.mapping, index);

		if (page) {
			page_referenced(page);
			if (try_to_unmap(page) == UNMAP_SUCCESS)
				taken += remove_unused_page(page);
			unlock_page(page);
			put_page(page);
		}
		perhaps_preempted(&seed);
		if (!random_below(&seed, 4))
			yield();
	}
	return 0;
}

/* Reads all pages, and now and then writes its own word of one. */
static int uses_file(void *data)
{
	u32 n = (u32)(uintptr_t)data, seed = 0x7654321 * n, wrong = 0, i;
	u32 word[FILE_PAGES];
	struct mm_struct *mm = mm_alloc();

	if (!mm)
		return 1;
	use_mm(mm);
	for (i = 0; i < FILE_PAGES; i++)
		word[i] = i * 0x01010101;
	wrong += file_map(mm, USER, FILE_PAGES, RW, MAP_SHARED, 0) != USER;
	for (i = 0; i < ROUNDS * 2; i++) {
		u32 page = random_below(&seed, FILE_PAGES);
		u32 addr = USER + page * PAGE_SIZE + n * 4;

		perhaps_preempted(&seed);
		/* seldom: what is dirty stays */
		if (!random_below(&seed, 64)) {
			word[page] = seed;
			wrong += !poke(addr, seed);
		}
		wrong += peek(addr) != word[page];
		if (!random_below(&seed, 64)) {
			wrong += unmap_pages(mm, USER, FILE_PAGES) != 0;
			wrong += file_map(mm, USER, FILE_PAGES, RW, MAP_SHARED,
					  0) != USER;
		}
	}
	space_check(mm);
	unuse_mm();
	mmput(mm);
	return (int)wrong;
}

TEST(rmap_storm, shared_file)
{
	struct crew crew = { .n = 0 }, takers = { .n = 0 };
	u32 i, before = sum_space_counts().file;

	file_begin(FILE_PAGES * PAGE_SIZE);
	taken = 0;
	crew_add(&takers, PRIO_DEFAULT, takes_file_pages, NULL);
	for (i = 0; i < WRITERS; i++)
		crew_add(&crew, PRIO_DEFAULT, uses_file,
			 (void *)(uintptr_t)(i + 1));
	EXPECT_EQ(crew_join(&crew), 0);
	crew_stop(&takers);
	EXPECT(taken > 0);
	file_end();
	EXPECT_EQ(sum_space_counts().file, before);
}
