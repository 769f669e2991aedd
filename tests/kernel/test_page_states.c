/*
 * The states of pages in the page cache: truncated, invalidated, dirty, being
 * written; the checker; and all of it at once, against a shadow and with many
 * threads.
 */
#include <kernel/cpu/time.h>
#include <mm/cache/writeback.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>
#include <mm/page/page_alloc.h>
#include <mm/virt/vmalloc.h>
#include "fake_file.h"
#include "threads.h"

static struct fake_file fake;

#define MAPPING (&fake.mapping)

/* --- truncation --- */

/* Reads so many pages in. */
static bool read_in(u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		struct page *page = read_cache_page(MAPPING, i, NULL);

		if (!EXPECT(!IS_ERR_PAGE(page)))
			return false;
		put_page(page);
	}
	return true;
}

TEST(page_states, truncation_takes_all_behind)
{
	struct page *used;
	u32 words[4];

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE) && read_in(100));
	used = find_get_page(MAPPING, 90);
	REQUIRE(used);
	set_page_dirty(used);
	truncate_inode_pages(MAPPING, 50 * PAGE_SIZE + 8);
	EXPECT_EQ(MAPPING->nrpages, 51);
	EXPECT(!used->mapping && !PageDirty(used) && !PageLocked(used));
	EXPECT_EQ(page_count(used), 1);
	EXPECT(fake_holds(used, 90));
	put_page(used);
	/* the rest of the last page is zero, and must be written */
	EXPECT_EQ(fake_read(&fake, 50 * PAGE_SIZE, words, 16, ~0ULL), 16);
	EXPECT_EQ(words[1], fake_word(50, 1));
	EXPECT_EQ(words[2] | words[3], 0);
	EXPECT_EQ(fake_read(&fake, 51 * PAGE_SIZE - 4, words, 4, ~0ULL), 4);
	EXPECT_EQ(words[0], 0);
	EXPECT_EQ(nr_dirty_pages(), 1);
	EXPECT_EQ(fake_check(&fake), 0);
	/* exactly at a border, and behind all */
	truncate_inode_pages(MAPPING, 50 * PAGE_SIZE);
	EXPECT_EQ(MAPPING->nrpages, 50);
	truncate_inode_pages(MAPPING, 1ULL << 50);
	truncate_inode_pages(MAPPING, (1ULL << 44) - 1);
	EXPECT_EQ(MAPPING->nrpages, 50);
	EXPECT_EQ(nr_dirty_pages(), 0);
	fake_end(&fake);
}

TEST(page_states, last_page_there_can_be)
{
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	page = read_cache_page(MAPPING, ~0U, NULL);
	REQUIRE(!IS_ERR_PAGE(page));
	EXPECT_EQ(find_get_pages(MAPPING, ~0U, 1, &page), 1);
	put_page(page);
	put_page(page);
	EXPECT_EQ(invalidate_inode_pages(MAPPING), 1);
	page = read_cache_page(MAPPING, ~0U, NULL);
	REQUIRE(!IS_ERR_PAGE(page));
	put_page(page);
	fake_end(&fake);
}

TEST(page_states, invalidation_takes_what_is_unused)
{
	struct page *dirty, *used, *locked, *written;

	REQUIRE(fake_init(&fake, FAKE_LATER) && read_in(40));
	dirty = find_get_page(MAPPING, 1);
	used = find_get_page(MAPPING, 2);
	locked = find_lock_page(MAPPING, 3);
	written = find_lock_page(MAPPING, 4);
	REQUIRE(dirty && used && locked && written);
	set_page_dirty(dirty);
	put_page(dirty);
	set_page_writeback(written);
	unlock_page(written);
	put_page(written);
	put_page(locked);
	EXPECT_EQ(invalidate_inode_pages(MAPPING), 36);
	EXPECT_EQ(MAPPING->nrpages, 4);
	EXPECT(used->mapping == MAPPING);
	put_page(used);
	unlock_page(locked);
	end_page_writeback(written);
	EXPECT_EQ(invalidate_inode_pages(MAPPING), 3);
	EXPECT(dirty->mapping == MAPPING);
	fake_end(&fake);
}

/* --- dirty pages --- */

static u32 tagged(u32 tag)
{
	struct page *pages[8];
	u32 n = find_get_pages_tag(MAPPING, 0, tag, 8, pages), i;

	for (i = 0; i < n; i++)
		put_page(pages[i]);
	return n;
}

/* Flags, tags and counts: dirty pages, pages being written. */
static bool state_is(u32 dirty, u32 dirty_tags, u32 writeback)
{
	return EXPECT_EQ(nr_dirty_pages(), dirty) &
	       EXPECT_EQ(tagged(PAGECACHE_TAG_DIRTY), dirty_tags) &
	       EXPECT_EQ(nr_writeback_pages(), writeback) &
	       EXPECT_EQ(tagged(PAGECACHE_TAG_WRITEBACK), writeback) &
	       EXPECT_EQ(fake_check(&fake), 0);
}

TEST(page_states, dirty_and_written)
{
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_LATER) && read_in(3));
	page = find_get_page(MAPPING, 1);
	REQUIRE(page);
	EXPECT(set_page_dirty(page) && !set_page_dirty(page));
	state_is(1, 1, 0);
	lock_page(page);
	EXPECT(clear_page_dirty_for_io(page));
	EXPECT(!clear_page_dirty_for_io(page));
	/* who looks by tags still finds it */
	state_is(0, 1, 0);
	EXPECT_EQ(MAPPING->a_ops->writepage(MAPPING, page), 0);
	EXPECT(PageWriteback(page) && !PageLocked(page));
	state_is(0, 0, 1);
	/* it becomes newer meanwhile */
	EXPECT(set_page_dirty(page));
	state_is(1, 1, 1);
	wait_on_page_writeback(page);
	EXPECT(!PageWriteback(page) && PageDirty(page));
	state_is(1, 1, 0);
	lock_page(page);
	EXPECT(clear_page_dirty_for_io(page));
	/* it cannot begin */
	EXPECT(set_page_dirty(page));
	state_is(1, 1, 0);
	/* it becomes newer just before it begins: by an area that shows it */
	EXPECT(clear_page_dirty_for_io(page));
	EXPECT(set_page_dirty(page));
	set_page_writeback(page);
	state_is(1, 1, 1);
	unlock_page(page);
	end_page_writeback(page);
	state_is(1, 1, 0);
	put_page(page);
	fake_end(&fake);
	EXPECT_EQ(nr_dirty_pages(), 0);
}

TEST(page_states, page_of_nobody_can_be_dirty)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u32 dirty = nr_dirty_pages();

	REQUIRE(page);
	EXPECT(set_page_dirty(page));
	EXPECT(!set_page_dirty(page));
	EXPECT_EQ(nr_dirty_pages(), dirty);
	__free_page(page);
}

/* Behind the end of the file: nothing is read. */
static void make_dirty(u32 first, u32 n)
{
	u32 word = 1, i;

	for (i = 0; i < n; i++)
		EXPECT_EQ(fake_write(&fake, (u64)(first + i) << PAGE_SHIFT,
				     &word, 4, 0), 4);
}

TEST(page_states, written_out)
{
	REQUIRE(fake_init(&fake, FAKE_LATER));
	make_dirty(0, 40);
	make_dirty(~0U, 1);
	EXPECT_EQ(filemap_write_and_wait_range(MAPPING, 2, 5), 0);
	EXPECT_EQ(fake.writes, 3);
	state_is(38, 8, 0);
	fake.how = FAKE_AT_ONCE;
	EXPECT_EQ(filemap_write_and_wait(MAPPING), 0);
	EXPECT_EQ(fake.writes, 41);
	state_is(0, 0, 0);
	EXPECT_EQ(filemap_write_and_wait(MAPPING), 0);
	EXPECT_EQ(fake.writes, 41);
	fake_end(&fake);
}

/* What cannot begin stays dirty, and is tried once each time. */
TEST(page_states, writing_cannot_begin)
{
	REQUIRE(fake_init(&fake, FAKE_NO_MEMORY));
	make_dirty(0, 3);
	EXPECT_EQ((s64)filemap_write_and_wait(MAPPING), -ENOMEM);
	EXPECT_EQ(fake.writes, 3);
	state_is(3, 3, 0);
	fake.how = FAKE_AT_ONCE;
	EXPECT_EQ(filemap_write_and_wait(MAPPING), 0);
	EXPECT_EQ(fake.writes, 6);
	state_is(0, 0, 0);
	/* it began, and failed: all the same they have been written */
	fake.writes_fail = true;
	make_dirty(0, 3);
	EXPECT_EQ((s64)filemap_write_and_wait(MAPPING), -EIO);
	EXPECT_EQ(filemap_write_and_wait(MAPPING), 0);
	state_is(0, 0, 0);
	fake_end(&fake);
}

/* What is nowhere but here has nothing to be written to. */
TEST(page_states, memory_is_dirty_without_being_counted)
{
	u32 word = 1, dirty = nr_dirty_pages();

	REQUIRE(fake_init_memory(&fake));
	EXPECT_EQ(fake_write(&fake, 0, &word, 4, 0), 4);
	EXPECT_EQ(tagged(PAGECACHE_TAG_DIRTY), 1);
	EXPECT_EQ(nr_dirty_pages(), dirty);
	fake_end(&fake);
	EXPECT_EQ(nr_dirty_pages(), dirty);
}

TEST(page_states, write_error_is_told_once)
{
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE) && read_in(1));
	fake.writes_fail = true;
	page = find_lock_page(MAPPING, 0);
	REQUIRE(page);
	MAPPING->a_ops->writepage(MAPPING, page);
	put_page(page);
	EXPECT_EQ((s64)mapping_take_error(MAPPING), -EIO);
	EXPECT_EQ(mapping_take_error(MAPPING), 0);
	mapping_set_error(MAPPING, 0);
	EXPECT_EQ(mapping_take_error(MAPPING), 0);
	mapping_set_error(MAPPING, -ENOSPC);
	EXPECT_EQ((s64)mapping_take_error(MAPPING), -ENOSPC);
	mapping_set_error(MAPPING, -ENOMEM);
	mapping_set_error(MAPPING, -ENOSPC);
	EXPECT_EQ((s64)mapping_take_error(MAPPING), -EIO);
	EXPECT_EQ(mapping_take_error(MAPPING), 0);
	fake_end(&fake);
}

/* --- the checker --- */

static u32 reports;

static void count_report(const char *sentence)
{
	reports++;
}

static u32 found_wrong(void)
{
	u32 wrong;

	reports = 0;
	wrong = check_mapping(MAPPING, count_report);
	EXPECT_EQ(wrong, reports);
	return wrong;
}

TEST(page_states, checker_finds)
{
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE) && read_in(20));
	page = find_get_page(MAPPING, 7);
	REQUIRE(page);
	EXPECT_EQ(found_wrong(), 0);
	page->mapping = NULL;
	EXPECT_EQ(found_wrong(), 1);
	page->mapping = MAPPING;
	MAPPING->nrpages++;
	EXPECT_EQ(found_wrong(), 1);
	MAPPING->nrpages--;
	SetPageDirty(page);
	EXPECT_EQ(found_wrong(), 1);
	ClearPageDirty(page);
	set_page_dirty(page);
	ClearPageDirty(page);
	EXPECT_EQ(found_wrong(), 1);
	SetPageDirty(page);
	SetPageWriteback(page);
	EXPECT_EQ(found_wrong(), 1);
	ClearPageWriteback(page);
	page->index = 8;
	EXPECT(found_wrong() >= 1);
	page->index = 7;
	atomic_add(-2, &page->_count);
	EXPECT_EQ(found_wrong(), 1);
	atomic_add(2, &page->_count);
	EXPECT_EQ(found_wrong(), 0);
	put_page(page);
	fake_end(&fake);
}

TEST(page_states, checker_goes_over_all)
{
	static struct fake_file other;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE) && read_in(2));
	REQUIRE(fake_init(&other, FAKE_AT_ONCE));
	EXPECT_EQ(fake_write(&other, 0, "some", 4, 0), 4);
	reports = 0;
	EXPECT_EQ(check_page_cache(count_report), 0);
	other.mapping.nrpages++;
	/* its own, and the sum */
	EXPECT_EQ(check_page_cache(count_report), 2);
	EXPECT_EQ(reports, 2);
	other.mapping.nrpages--;
	fake_end(&fake);
	EXPECT_EQ(check_page_cache(count_report), 0);
	fake_end(&other);
}

/* --- all together --- */

#define FILE_BYTES (FAKE_KEPT * PAGE_SIZE)

static u8 *file_shadow;
static u64 file_size;

static void random_read(u32 *seed, u8 *buf)
{
	u32 pos = random_below(seed, FILE_BYTES);
	u32 n = 1 + random_below(seed, 2 * PAGE_SIZE);
	u32 want = pos < file_size ? min(n, (u32)file_size - pos) : 0;

	EXPECT_EQ(fake_read(&fake, pos, buf, n, file_size), want);
	EXPECT(!memcmp(buf, file_shadow + pos, want));
}

static void random_write(u32 *seed, u8 *buf)
{
	u32 pos = random_below(seed, FILE_BYTES), i;
	u32 n = 1 + random_below(seed, 2 * PAGE_SIZE);
	struct memory_source s;

	n = min(n, FILE_BYTES - pos);
	for (i = 0; i < n; i++)
		buf[i] = (u8)random_below(seed, 256);
	memory_source_init(&s, buf, n);
	s.most = random_below(seed, 3) ? 0 : 1 + random_below(seed, PAGE_SIZE);
	s.refuse = random_below(seed, 2);
	EXPECT_EQ(mapping_write(MAPPING, pos, n, file_size, &s.source), n);
	memcpy(file_shadow + pos, buf, n);
	file_size = max(file_size, (u64)pos + n);
}

/* Shorter; what is behind the end on the disk is zeroed as a file system does
 * when the file grows again. */
static void random_truncate(u32 *seed)
{
	u32 to = random_below(seed, FILE_BYTES);

	if (to >= file_size)
		return;
	file_size = to;
	truncate_inode_pages(MAPPING, to);
	memset(file_shadow + to, 0, FILE_BYTES - to);
	EXPECT_EQ(filemap_write_and_wait(MAPPING), 0);
	memset(fake.kept + to, 0, FILE_BYTES - to);
}

TEST(page_states, random_bytes_against_a_shadow)
{
	u8 *buf = kmalloc(2 * PAGE_SIZE + 1, GFP_KERNEL);
	u32 seed = 4711, step;

	file_shadow = vmalloc(FILE_BYTES);
	REQUIRE(buf && file_shadow && fake_init(&fake, FAKE_AT_ONCE));
	memcpy(file_shadow, fake.kept, FILE_BYTES);
	file_size = FILE_BYTES;
	for (step = 0; step < 1500; step++) {
		u32 what = random_below(&seed, 100);

		fake.how = what & 15 ? FAKE_AT_ONCE : FAKE_LATER;
		if (what < 45)
			random_read(&seed, buf);
		else if (what < 85)
			random_write(&seed, buf);
		else if (what < 88)
			random_truncate(&seed);
		else if (what < 95)
			filemap_fdatawrite(MAPPING);
		else
			invalidate_inode_pages(MAPPING);
	}
	fake.how = FAKE_AT_ONCE;
	EXPECT(fake.reads > 50 && fake.writes > 50);
	EXPECT_EQ(filemap_write_and_wait(MAPPING), 0);
	EXPECT(!memcmp(fake.kept, file_shadow, (u32)file_size));
	EXPECT_EQ(nr_dirty_pages(), 0);
	vfree(file_shadow);
	kfree(buf);
	fake_end(&fake);
}

/* Each thread has a word in each page, and changes only that. */
static int change_own_words(void *data)
{
	u32 own = (u32)(uintptr_t)data, seed = own + 1, round, i;
	u32 value[FAKE_KEPT], word;
	bool ok = true;

	for (i = 0; i < FAKE_KEPT; i++)
		value[i] = fake_word(i, own);
	for (round = 0; round < 300; round++) {
		u64 at;

		i = random_below(&seed, FAKE_KEPT);
		at = i * PAGE_SIZE + own * 4;
		ok &= fake_read(&fake, at, &word, 4, ~0ULL) == 4 &&
		      word == value[i];
		value[i] = random_below(&seed, ~0U);
		ok &= fake_write(&fake, at, &value[i], 4, ~0ULL) == 4;
		if (round % 16 == own)
			be_preempted();
	}
	return ok;
}

static int disturb(void *data)
{
	u32 seed = 99;

	while (!kthread_should_stop()) {
		if (random_below(&seed, 2))
			filemap_fdatawrite(MAPPING);
		else
			invalidate_inode_pages(MAPPING);
		msleep(10);
	}
	return 1;
}

TEST(page_states, threads_write_while_pages_come_and_go)
{
	struct crew crew = { .n = 0 }, other = { .n = 0 };
	u32 i;

	REQUIRE(fake_init(&fake, FAKE_LATER));
	crew_add(&other, PRIO_HIGH, disturb, NULL);
	for (i = 0; i < 6; i++)
		crew_add(&crew, PRIO_DEFAULT, change_own_words,
			 (void *)(uintptr_t)i);
	EXPECT_EQ(crew_join(&crew), 6);
	EXPECT_EQ(crew_stop(&other), 1);
	filemap_fdatawait(MAPPING);
	fake_end(&fake);
}
