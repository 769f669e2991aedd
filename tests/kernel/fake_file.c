#include <kernel/base/printk.h>
#include <kernel/cpu/time.h>
#include <mm/high/highmem.h>
#include <mm/page/page_alloc.h>
#include <mm/virt/vmalloc.h>
#include "fake_file.h"

u32 fake_word(u32 index, u32 word)
{
	return (index + 1) * 0x9e3779b1U ^ word * 0x85ebca6bU;
}

/* --- the device --- */

static void fill(const struct fake_file *fake, struct page *page)
{
	u32 *va = kmap_atomic(page), i;

	if (page->index < FAKE_KEPT)
		memcpy(va, fake->kept + page->index * PAGE_SIZE, PAGE_SIZE);
	for (i = 0; page->index >= FAKE_KEPT && i < PAGE_SIZE / 4; i++)
		va[i] = fake_word(page->index, i);
	kunmap_atomic(va);
}

static void end_read(struct fake_file *fake, struct page *page)
{
	if (fake->how == FAKE_ERROR || fake->how == FAKE_ERROR_LATER) {
		SetPageError(page);
	} else {
		fill(fake, page);
		SetPageUptodate(page);
	}
	unlock_page(page);
}

static void end_write(struct fake_file *fake, struct page *page)
{
	if (fake->writes_fail) {
		SetPageError(page);
		mapping_set_error(&fake->mapping, -EIO);
	} else if (page->index < FAKE_KEPT) {
		memcpy_from_page(fake->kept + page->index * PAGE_SIZE, page, 0,
				 PAGE_SIZE);
	}
	end_page_writeback(page);
}

static void late(unsigned long data)
{
	struct fake_io *io = (struct fake_io *)data;
	struct page *page = io->page;

	io->page = NULL;
	if (io->write)
		end_write(io->fake, page);
	else
		end_read(io->fake, page);
}

/* False: all of them are under way. */
static bool begin_later(struct fake_file *fake, struct page *page, bool write)
{
	u32 flags = local_irq_save(), i;
	struct fake_io *io = fake->io;

	for (i = 0; i < FAKE_TIMERS && io->page; i++)
		io++;
	if (i < FAKE_TIMERS) {
		io->page = page;
		io->write = write;
		mod_timer(&io->timer, jiffies + fake->delay);
	}
	local_irq_restore(flags);
	return i < FAKE_TIMERS;
}

static void later(struct fake_file *fake, struct page *page, bool write)
{
	while (!begin_later(fake, page, write))
		msleep(10);
}

/* --- operations --- */

static int readpage(struct address_space *mapping, struct page *page)
{
	struct fake_file *fake = mapping->host;
	enum fake_reads how = fake->how;

	EXPECT(PageLocked(page) && !PageUptodate(page) && !PageError(page));
	fake->reads++;
	if (how == FAKE_LATER || how == FAKE_ERROR_LATER) {
		later(fake, page, false);
		return 0;
	}
	if (how == FAKE_REFUSED || how == FAKE_NO_MEMORY) {
		unlock_page(page);
		return how == FAKE_REFUSED ? -EIO : -ENOMEM;
	}
	end_read(fake, page);
	return 0;
}

static void readpages(struct address_space *mapping, struct page **pages,
		      u32 n)
{
	struct fake_file *fake = mapping->host;
	u32 i;

	if (fake->nr_runs < FAKE_RUNS)
		fake->runs[fake->nr_runs++] = (struct page_run){
			.start = pages[0]->index, .n = n,
		};
	for (i = 0; i < n; i++) {
		EXPECT_EQ(pages[i]->index, pages[0]->index + i);
		readpage(mapping, pages[i]);
	}
}

static int writepage(struct address_space *mapping, struct page *page)
{
	struct fake_file *fake = mapping->host;

	EXPECT(PageLocked(page) && !PageDirty(page));
	fake->writes++;
	if (fake->how == FAKE_NO_MEMORY) {
		set_page_dirty(page);
		unlock_page(page);
		return -ENOMEM;
	}
	set_page_writeback(page);
	unlock_page(page);
	if (fake->how == FAKE_LATER)
		later(fake, page, true);
	else
		end_write(fake, page);
	return 0;
}

static const struct address_space_operations disk_ops = {
	.readpage = readpage, .writepage = writepage,
};

static const struct address_space_operations ahead_ops = {
	.readpage = readpage, .writepage = writepage, .readpages = readpages,
};

static const struct address_space_operations memory_ops = {
	.readpage = readpage,
};

/* --- beginning and ending --- */

static bool init(struct fake_file *fake, enum fake_reads how,
		 const struct address_space_operations *ops)
{
	u32 i, *words;

	memset(fake, 0, sizeof(*fake));
	address_space_init(&fake->mapping, fake, ops, GFP_HIGHUSER);
	fake->how = how;
	fake->delay = 2;
	for (i = 0; i < FAKE_TIMERS; i++) {
		fake->io[i].fake = fake;
		setup_timer(&fake->io[i].timer, late,
			    (unsigned long)&fake->io[i]);
	}
	fake->kept = vmalloc(FAKE_KEPT * PAGE_SIZE);
	words = (u32 *)fake->kept;
	for (i = 0; words && i < FAKE_KEPT * PAGE_SIZE / 4; i++)
		words[i] = fake_word(i / (PAGE_SIZE / 4), i % (PAGE_SIZE / 4));
	return EXPECT(words);
}

bool fake_init(struct fake_file *fake, enum fake_reads how)
{
	return init(fake, how, &disk_ops);
}

bool fake_init_ahead(struct fake_file *fake, enum fake_reads how)
{
	return init(fake, how, &ahead_ops);
}

bool fake_init_memory(struct fake_file *fake)
{
	return init(fake, FAKE_AT_ONCE, &memory_ops);
}

void fake_end(struct fake_file *fake)
{
	u32 i;

	EXPECT_EQ(fake_check(fake), 0);
	truncate_inode_pages(&fake->mapping, 0);
	EXPECT_EQ(fake->mapping.nrpages, 0);
	EXPECT_EQ(fake->mapping.page_tree.height, 0);
	for (i = 0; i < FAKE_TIMERS; i++) {
		EXPECT(!fake->io[i].page);
		del_timer_sync(&fake->io[i].timer);
	}
	vfree(fake->kept);
}

static void print_difference(const char *sentence)
{
	printk("# %s\n", sentence);
}

u32 fake_check(struct fake_file *fake)
{
	return check_mapping(&fake->mapping, print_difference);
}

bool fake_holds(struct page *page, u32 index)
{
	const u32 *va = kmap(page);
	bool same = true;
	u32 i;

	for (i = 0; i < PAGE_SIZE / 4; i++)
		same &= va[i] == fake_word(index, i);
	kunmap(page);
	return same;
}

/* --- source and sink --- */

static u32 take(struct page_sink *sink, const u8 *p, u32 n)
{
	struct memory_sink *m = container_of(sink, struct memory_sink, sink);

	might_sleep();
	n = min(n, m->left);
	memcpy(m->at, p, n);
	m->at += n;
	m->left -= n;
	return n;
}

static bool ready(struct page_source *source, u32 n)
{
	struct memory_source *m = container_of(source, struct memory_source,
					       source);

	might_sleep();
	m->asked++;
	return m->left;
}

static u32 give(struct page_source *source, u8 *p, u32 n)
{
	struct memory_source *m = container_of(source, struct memory_source,
					       source);

	EXPECT(in_atomic());
	if (m->refuse) {
		m->refuse--;
		return 0;
	}
	n = min(n, m->left);
	if (m->most)
		n = min(n, m->most);
	memcpy(p, m->at, n);
	m->at += n;
	m->left -= n;
	return n;
}

void memory_source_init(struct memory_source *s, const void *from, u32 n)
{
	*s = (struct memory_source){
		.source = { .ready = ready, .give = give },
		.at = from, .left = n,
	};
}

long fake_read(struct fake_file *fake, u64 pos, void *to, u32 n, u64 size)
{
	struct memory_sink m = { .sink.take = take, .at = to, .left = n };

	return mapping_read(&fake->mapping, &fake->ra, pos, n, size, &m.sink);
}

long fake_write(struct fake_file *fake, u64 pos, const void *from, u32 n,
		u64 size)
{
	struct memory_source m;

	memory_source_init(&m, from, n);
	return mapping_write(&fake->mapping, pos, n, size, &m.source);
}
