/*
 * The line editor, driven by bytes. Its output goes to a terminal of one row,
 * so that each case compares what is in the line and what a person sees.
 */
#include <kernel/monitor/lineedit.h>
#include "ktest.h"

#define UP "\033[A"
#define DOWN "\033[B"
#define RIGHT "\033[C"
#define LEFT "\033[D"
#define HOME "\033[H"
#define END "\033[F"
#define DELETE "\033[3~"
#define KILL_BEFORE "\025"	/* Ctrl-U */
#define KILL_BEHIND "\013"	/* Ctrl-K */

/* A VT100's current row: it knows what the editor may use, and no more. */
static struct {
	char row[LINE_COLUMNS + 1];
	size_t column;
	size_t rows;		/* how often a row was ended */
	size_t bells;
	size_t bytes;
	char sequence[8];
	size_t sequence_len;
	const char *wrong;	/* the first thing that must not happen */
} term;

static struct lineedit le;

static void term_new_row(void)
{
	memset(term.row, ' ', LINE_COLUMNS);
	term.row[LINE_COLUMNS] = '\0';
	term.column = 0;
}

static void term_fail(const char *what)
{
	if (!term.wrong)
		term.wrong = what;
}

static void term_sequence_end(char final)
{
	size_t i, n = 0;

	for (i = 2; i < term.sequence_len - 1; i++)
		n = n * 10 + term.sequence[i] - '0';
	if (final == 'K' && term.sequence_len == 3)
		memset(term.row + term.column, ' ',
		       LINE_COLUMNS - term.column);
	else if (final == 'C')
		term.column = min(term.column + max(n, 1U), LINE_COLUMNS - 1U);
	else
		term_fail("an unknown sequence");
	term.sequence_len = 0;
}

static void term_sequence(char c)
{
	if (term.sequence_len == sizeof(term.sequence)) {
		term_fail("a long sequence");
		term.sequence_len = 0;
		return;
	}
	term.sequence[term.sequence_len++] = c;
	if (term.sequence_len == 2 && c != '[')
		term_fail("not a CSI");
	if (term.sequence_len > 2 && (c < '0' || c > '9'))
		term_sequence_end(c);
}

static void term_put(char c)
{
	if (term.column == LINE_COLUMNS - 1)
		term_fail("the last column is written");
	else
		term.row[term.column++] = c;
}

static void term_byte(char c)
{
	term.bytes++;
	if (term.sequence_len || c == '\033')
		term_sequence(c);
	else if (c == '\r')
		term.column = 0;
	else if (c == '\b')
		term.column -= !!term.column;
	else if (c == '\a')
		term.bells++;
	else if (c == '\n' && ++term.rows)
		term_new_row();
	else if (c >= ' ' && c < 0x7f)
		term_put(c);
	else
		term_fail("a control character");
}

static void term_write(const char *s, size_t n)
{
	while (n--)
		term_byte(*s++);
}

/* The row without the blanks at its end. */
static const char *seen(void)
{
	static char text[LINE_COLUMNS + 1];
	size_t n = LINE_COLUMNS;

	memcpy(text, term.row, sizeof(text));
	while (n && text[n - 1] == ' ')
		text[--n] = '\0';
	return text;
}

static void start(void)
{
	memset(&term, 0, sizeof(term));
	term_new_row();
	lineedit_init(&le, "> ", term_write);
	lineedit_start(&le);
}

static enum lineedit_result feed(const char *bytes)
{
	enum lineedit_result result = LINE_MORE;

	while (*bytes)
		result = lineedit_feed(&le, *bytes++);
	return result;
}

static void feed_times(const char *bytes, unsigned int n)
{
	while (n--)
		feed(bytes);
}

/* Enters a line and opens the next. */
static void enter(const char *text)
{
	feed(text);
	EXPECT_EQ(feed("\r"), LINE_DONE);
	lineedit_start(&le);
}

/* What must hold after any byte, of any line that fits in the row. */
static void expect(const char *line, size_t cursor)
{
	EXPECT_STREQ(le.line, line);
	EXPECT_EQ(le.len, strlen(line));
	EXPECT_EQ(le.cursor, cursor);
	EXPECT_EQ(memcmp(term.row, "> ", 2), 0);
	EXPECT_EQ(memcmp(term.row + 2, line, strlen(line)), 0);
	EXPECT_EQ(strlen(seen()), line[0] ? 2 + strlen(line) : 1);
	EXPECT_EQ(term.column, 2 + cursor);
	EXPECT_EQ(term.sequence_len, 0);
	EXPECT_STREQ(term.wrong ? term.wrong : "", "");
}

TEST(lineedit, starts_empty)
{
	start();
	expect("", 0);
}

TEST(lineedit, typing_is_echoed)
{
	start();
	EXPECT_EQ(feed("whatis 0xc0"), LINE_MORE);
	expect("whatis 0xc0", 11);
	EXPECT_EQ(term.bytes, strlen("> whatis 0xc0"));
}

TEST(lineedit, return_ends_the_line)
{
	start();
	EXPECT_EQ(feed("help\r"), LINE_DONE);
	EXPECT_STREQ(le.line, "help");
	EXPECT_EQ(term.rows, 1);
	EXPECT_STREQ(seen(), "");
	lineedit_start(&le);
	expect("", 0);
	EXPECT_EQ(feed("x\n"), LINE_DONE);
	EXPECT_STREQ(le.line, "x");
}

TEST(lineedit, cr_lf_is_one_end)
{
	start();
	EXPECT_EQ(feed("a\r"), LINE_DONE);
	lineedit_start(&le);
	EXPECT_EQ(feed("\n"), LINE_MORE);
	expect("", 0);
	EXPECT_EQ(feed("\n"), LINE_DONE);
	EXPECT_EQ(feed("\n"), LINE_DONE);
	EXPECT_EQ(feed("\r"), LINE_DONE);
	EXPECT_EQ(feed("\r"), LINE_DONE);
	lineedit_start(&le);
	EXPECT_EQ(feed("b\n"), LINE_DONE);
	EXPECT_STREQ(le.line, "b");
}

TEST(lineedit, line_ends_with_cursor_in_the_middle)
{
	start();
	EXPECT_EQ(feed("help" LEFT LEFT "\r"), LINE_DONE);
	EXPECT_STREQ(le.line, "help");
	EXPECT_EQ(term.rows, 1);
}

TEST(lineedit, backspace_at_the_end)
{
	start();
	feed("abc\177");
	expect("ab", 2);
	feed("\b");
	expect("a", 1);
	feed("\b\b\177");
	expect("", 0);
}

TEST(lineedit, backspace_in_the_middle)
{
	start();
	feed("abcd" LEFT "\b");
	expect("abd", 2);
	feed("\177");
	expect("ad", 1);
	feed(HOME "\b");
	expect("ad", 0);
}

TEST(lineedit, prompt_may_be_empty)
{
	start();
	lineedit_init(&le, "", term_write);
	feed("\rabc" HOME);
	EXPECT_STREQ(seen(), "abc");
	EXPECT_EQ(term.column, 0);
	feed("_");
	EXPECT_STREQ(seen(), "_abc");
	EXPECT_EQ(term.column, 1);
}

TEST(lineedit, arrows_stop_at_the_ends)
{
	start();
	feed("ab" LEFT);
	expect("ab", 1);
	feed(LEFT LEFT LEFT);
	expect("ab", 0);
	feed(RIGHT);
	expect("ab", 1);
	feed(RIGHT RIGHT RIGHT);
	expect("ab", 2);
}

TEST(lineedit, insert_in_the_middle)
{
	start();
	feed("ad" LEFT "b");
	expect("abd", 2);
	feed("c");
	expect("abcd", 3);
	feed(HOME "_");
	expect("_abcd", 1);
}

TEST(lineedit, home_and_end_in_every_spelling)
{
	static const char *const home[] = { HOME, "\033OH", "\033[1~", "\001" };
	static const char *const end[] = { END, "\033OF", "\033[4~", "\005" };
	size_t i;

	start();
	feed("abc");
	for (i = 0; i < ARRAY_SIZE(home); i++) {
		feed(home[i]);
		expect("abc", 0);
		feed(end[i]);
		expect("abc", 3);
	}
}

TEST(lineedit, delete_takes_what_is_under_the_cursor)
{
	start();
	feed("abc" DELETE);
	expect("abc", 3);
	feed(LEFT LEFT DELETE);
	expect("ac", 1);
	feed(DELETE DELETE);
	expect("a", 1);
}

TEST(lineedit, kill_on_both_sides)
{
	start();
	feed("abcdef" LEFT LEFT KILL_BEFORE);
	expect("ef", 0);
	feed(KILL_BEFORE);
	expect("ef", 0);
	feed(RIGHT KILL_BEHIND);
	expect("e", 1);
	feed(KILL_BEHIND);
	expect("e", 1);
	feed(KILL_BEFORE);
	expect("", 0);
}

TEST(lineedit, ctrl_c_drops_the_line)
{
	start();
	EXPECT_EQ(feed("abc" LEFT "\003"), LINE_CANCELLED);
	EXPECT_STREQ(le.line, "");
	EXPECT_EQ(term.rows, 1);
	lineedit_start(&le);
	expect("", 0);
	feed(UP);
	expect("", 0);
}

TEST(lineedit, ctrl_l_draws_again)
{
	start();
	feed("abc" LEFT);
	term_write("\rnoise on the row", 17);
	feed("\014");
	expect("abc", 2);
}

TEST(lineedit, other_control_characters_are_ignored)
{
	char c;

	start();
	feed("ab" LEFT);
	for (c = 0; c < ' '; c++)
		if (!strchr("\001\003\005\b\n\013\014\r\016\020\025\033", c) ||
		    !c)
			EXPECT_EQ(lineedit_feed(&le, c), LINE_MORE);
	expect("ab", 1);
}

TEST(lineedit, utf8_is_ignored)
{
	unsigned int c;

	start();
	feed("a\303\244b\342\202\254");
	expect("ab", 2);
	for (c = 0x80; c < 0x100; c++)
		EXPECT_EQ(lineedit_feed(&le, (char)c), LINE_MORE);
	expect("ab", 2);
}

TEST(lineedit, unknown_sequences_are_ignored_whole)
{
	start();
	feed("ab");
	feed("\033[1;5C\033[15~\033[Z\033[?1;2c\033OP\033[[A\033x");
	feed("\033[123456789;123456789D\033[ q\0332");
	expect("ab", 2);
	feed("\033O1c");
	expect("abc", 3);
}

TEST(lineedit, broken_sequences_do_not_swallow_keys)
{
	start();
	feed("ab\033" LEFT);
	expect("ab", 1);
	feed("\033[\001");
	expect("ab", 0);
	feed("\033[3\303~");
	expect("~ab", 1);
	EXPECT_EQ(feed("\033[1\r"), LINE_DONE);
	EXPECT_STREQ(le.line, "~ab");
}

TEST(lineedit, history_goes_up_and_down)
{
	start();
	enter("one");
	enter("three");
	feed("new" UP);
	expect("three", 5);
	feed(UP);
	expect("one", 3);
	feed(UP);
	expect("one", 3);
	feed(DOWN);
	expect("three", 5);
	feed(DOWN);
	expect("new", 3);
	feed(DOWN);
	expect("new", 3);
	feed("\020\020\016");
	expect("three", 5);
}

TEST(lineedit, history_keeps_what_was_entered)
{
	start();
	enter("one");
	enter("two");
	feed(UP UP "X");
	expect("oneX", 4);
	feed(DOWN UP);
	expect("one", 3);
	enter("Y");
	feed(UP);
	expect("oneY", 4);
	feed(UP UP);
	expect("one", 3);
}

TEST(lineedit, history_skips_empty_and_repeated)
{
	start();
	enter("one");
	enter("");
	enter("one");
	EXPECT_EQ(le.history_count, 1);
	enter("two");
	enter("one");
	EXPECT_EQ(le.history_count, 3);
}

TEST(lineedit, history_forgets_the_oldest)
{
	char text[2] = "a";

	start();
	for (; text[0] < 'a' + LINE_HISTORY + 3; text[0]++)
		enter(text);
	feed(UP);
	text[0]--;
	expect(text, 1);
	feed_times(UP, LINE_HISTORY + 5);
	expect("d", 1);
	feed_times(DOWN, LINE_HISTORY + 5);
	expect("", 0);
}

/* Any line: what is seen must be a stretch of it around the cursor. */
static bool window_is_right(void)
{
	size_t width = LINE_COLUMNS - 1 - 2, first, n, i;

	if (term.wrong || term.sequence_len || le.line[le.len] ||
	    le.cursor > le.len || memcmp(term.row, "> ", 2) ||
	    term.column < 2 || term.column - 2 > le.cursor)
		return false;
	first = le.cursor - (term.column - 2);
	n = min(le.len - first, width);
	if ((le.len <= width && first) || (first && first == le.cursor) ||
	    memcmp(term.row + 2, le.line + first, n))
		return false;
	for (i = 2 + n; i < LINE_COLUMNS; i++)
		if (term.row[i] != ' ')
			return false;
	return true;
}

TEST(lineedit, full_line_rings)
{
	start();
	feed_times("0123456789", 25);
	feed("abcde");
	EXPECT_EQ(le.len, LINE_SIZE - 1);
	EXPECT_EQ(term.bells, 0);
	feed("f");
	EXPECT_EQ(term.bells, 1);
	feed(HOME "g");
	EXPECT_EQ(term.bells, 2);
	EXPECT_EQ(le.len, LINE_SIZE - 1);
	EXPECT_EQ(le.line[0], '0');
	EXPECT_EQ(le.line[LINE_SIZE - 2], 'e');
	EXPECT(window_is_right());
}

TEST(lineedit, long_line_scrolls)
{
	unsigned int i;

	start();
	for (i = 0; i < LINE_SIZE - 1; i++) {
		lineedit_feed(&le, (char)('!' + i % 90));
		EXPECT(window_is_right());
	}
	for (i = 0; i < LINE_SIZE; i++) {
		feed(LEFT);
		EXPECT(window_is_right());
	}
	EXPECT_EQ(le.cursor, 0);
	EXPECT_EQ(term.column, 2);
	feed(END);
	EXPECT(window_is_right());
	for (i = 0; i < LINE_SIZE; i++) {
		feed("\b");
		EXPECT(window_is_right());
	}
	expect("", 0);
}

/* The plainest editor that does the same: a string and a place in it. */
static struct {
	char line[LINE_SIZE];
	size_t len, cursor;
} model;

static void model_insert(char c)
{
	if (model.len == LINE_SIZE - 1)
		return;
	memmove(model.line + model.cursor + 1, model.line + model.cursor,
		model.len - model.cursor);
	model.line[model.cursor++] = c;
	model.len++;
}

static void model_delete(size_t at, size_t n)
{
	if (at + n > model.len)
		return;
	memmove(model.line + at, model.line + at + n,
		model.len - at - n);
	model.len -= n;
	model.cursor = at;
}

static void random_key(unsigned int r)
{
	char c[2] = { (char)(' ' + r % 95), '\0' };
	unsigned int what = r / 95 % 64;

	if (what < 8) {
		feed(LEFT);
		model.cursor -= !!model.cursor;
	} else if (what < 14) {
		feed(RIGHT);
		model.cursor = min(model.cursor + 1, model.len);
	} else if (what < 18) {
		feed("\b");
		if (model.cursor)
			model_delete(model.cursor - 1, 1);
	} else if (what < 21) {
		feed(DELETE);
		model_delete(model.cursor, 1);
	} else if (what == 21) {
		feed(HOME);
		model.cursor = 0;
	} else if (what == 22) {
		feed(END);
		model.cursor = model.len;
	} else if (what == 23 && r % 16 == 0) {
		feed(KILL_BEFORE);
		model_delete(0, model.cursor);
	} else if (what == 24 && r % 16 == 0) {
		feed(KILL_BEHIND);
		model_delete(model.cursor, model.len - model.cursor);
	} else {
		feed(c);
		model_insert(c[0]);
	}
}

TEST(lineedit, random_keys_against_a_model)
{
	unsigned int i, seed = 1;

	start();
	memset(&model, 0, sizeof(model));
	for (i = 0; i < 5000; i++) {
		/* derived: the constants of the C standard's example */
		seed = seed * 1103515245 + 12345;
		random_key(seed >> 8);
		REQUIRE(le.len == model.len && le.cursor == model.cursor);
		REQUIRE(!memcmp(le.line, model.line, model.len));
		REQUIRE(window_is_right());
	}
}
