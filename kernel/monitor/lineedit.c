/*
 * The line editor of the prompt.
 *
 * 1. What for. A serial line has no tty behind it: the terminal sends a key as
 *    one byte or a short sequence, and shows exactly the bytes that it gets. So
 *    the kernel edits and echoes by itself.
 *
 * 2. From bytes to keys. ESC opens a sequence:
 *
 *	state		byte		next
 *	plain		ESC		introducer
 *	introducer	[		CSI
 *	introducer	O		SS3
 *	introducer	other		plain; the sequence is unknown
 *	SS3		any		plain; the sequence is complete
 *	CSI		0x20..0x3f	CSI: parameters
 *	CSI		0x40..0x7e	plain; the sequence is complete
 *	any		control, 0x7f	plain; the byte counts for itself
 *	any		0x80..0xff	plain; the byte is ignored (UTF-8)
 *
 *    One exception: ESC [ [ takes one byte more, as the Linux console sends its
 *    function keys so. Complete but unknown sequences are ignored as a whole:
 *    Ctrl-Right (ESC [ 1 ; 5 C) must not type "5C". Only the first four bytes
 *    are kept: no known sequence begins as a longer one does.
 *
 *    CR, LF and CR LF end a line. A LF behind a CR is swallowed, and may come
 *    late, with the next prompt already on the screen.
 *
 * 3. The line. cursor <= len < LINE_SIZE and line[len] == 0, always. Characters
 *    are 0x20..0x7e, one column each.
 *
 * 4. The screen. A VT100 cannot step back over the end of a row, and we cannot
 *    know whether it wraps. So the line stays in one row: the prompt, then the
 *    characters from `first` on. The last column is never written. A line that
 *    fits is shown whole; of a longer one the cursor is always in the window,
 *    and when it leaves, the window jumps so that it stands in the middle.
 *    Whatever an edit does, refresh() draws the whole row and is right. Typing
 *    and deleting at the end, and moving, take a short cut while the window
 *    stays; a terminal that knows no escape sequence can be typed at, too.
 *
 * 5. History. Line number n, counted from 0, lives in slot n % LINE_HISTORY.
 *    history_pos says how far up we are, 0 being the line under work, which is
 *    saved on the way up. A recalled line can be edited; the slot keeps what
 *    was entered.
 *
 * 6. Cost: at most two rows of echo a byte, no memory.
 */
#include <kernel/lib/bug.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/monitor/lineedit.h>

#define CTRL(c) ((c) & 0x1f)

/* A key is its byte, or one of these. */
enum {
	KEY_ESC = 0x1b,
	KEY_DEL = 0x7f,
	KEY_UP = 0x100,
	KEY_DOWN,
	KEY_RIGHT,
	KEY_LEFT,
	KEY_HOME,
	KEY_END,
	KEY_DELETE,
	KEY_NONE,
};

static const struct {
	const char *bytes;	/* behind the ESC */
	int key;
} sequences[] = {
	{ "[A", KEY_UP }, { "[B", KEY_DOWN },
	{ "[C", KEY_RIGHT }, { "[D", KEY_LEFT },
	{ "[H", KEY_HOME }, { "[F", KEY_END },
	{ "OH", KEY_HOME }, { "OF", KEY_END },
	{ "[1~", KEY_HOME }, { "[4~", KEY_END },
	{ "[3~", KEY_DELETE },
};

static void echo_text(const struct lineedit *le, const char *s)
{
	le->echo(s, strlen(s));
}

/* Columns for characters; the cursor may stand in the one behind them. */
static size_t window_width(const struct lineedit *le)
{
	return LINE_COLUMNS - 1 - strlen(le->prompt);
}

/* Where the window should begin. */
static size_t window_start(const struct lineedit *le)
{
	size_t width = window_width(le);
	/* Left of the cursor something is seen, or there is nothing. */
	size_t leftmost = le->first ? le->first + 1 : 0;

	if (le->len <= width)
		return 0;
	if (le->cursor >= leftmost && le->cursor <= le->first + width)
		return le->first;
	return le->cursor > width / 2 ? le->cursor - width / 2 : 0;
}

static bool window_stays(const struct lineedit *le)
{
	return window_start(le) == le->first;
}

static void place_cursor(const struct lineedit *le)
{
	char move[16];
	unsigned int column;

	column = strlen(le->prompt) + le->cursor - le->first;
	echo_text(le, "\r");
	/* ESC [ 0 C would move by one */
	if (column) {
		snprintf(move, sizeof(move), "\033[%uC", column);
		echo_text(le, move);
	}
}

static void refresh(struct lineedit *le)
{
	le->first = window_start(le);
	echo_text(le, "\r");
	echo_text(le, le->prompt);
	le->echo(le->line + le->first,
		 min(le->len - le->first, window_width(le)));
	echo_text(le, "\033[K");
	place_cursor(le);
}

static void move_to(struct lineedit *le, size_t cursor)
{
	if (cursor == le->cursor)
		return;
	le->cursor = cursor;
	if (window_stays(le))
		place_cursor(le);
	else
		refresh(le);
}

static void insert(struct lineedit *le, char c)
{
	if (le->len == LINE_SIZE - 1) {
		echo_text(le, "\a");
		return;
	}
	memmove(le->line + le->cursor + 1, le->line + le->cursor,
		le->len - le->cursor + 1);
	le->line[le->cursor++] = c;
	le->len++;
	if (le->cursor == le->len && window_stays(le))
		le->echo(&c, 1);
	else
		refresh(le);
}

/* Takes the characters from..to-1 out; the cursor goes where they were. */
static void cut(struct lineedit *le, size_t from, size_t to)
{
	bool last_typed = to == le->len && le->cursor == to && from + 1 == to;

	if (from == to)
		return;
	memmove(le->line + from, le->line + to, le->len - to + 1);
	le->len -= to - from;
	le->cursor = from;
	if (last_typed && window_stays(le))
		echo_text(le, "\b \b");
	else
		refresh(le);
}

static void recall(struct lineedit *le, unsigned int pos)
{
	const char *text = le->saved;

	if (!le->history_pos)
		strlcpy(le->saved, le->line, LINE_SIZE);
	if (pos)
		text = le->history[(le->history_count - pos) % LINE_HISTORY];
	le->history_pos = pos;
	le->len = strlcpy(le->line, text, LINE_SIZE);
	le->cursor = le->len;
	refresh(le);
}

static void recall_older(struct lineedit *le)
{
	if (le->history_pos < min(le->history_count, LINE_HISTORY))
		recall(le, le->history_pos + 1);
}

static void recall_newer(struct lineedit *le)
{
	if (le->history_pos)
		recall(le, le->history_pos - 1);
}

static void keep_in_history(struct lineedit *le)
{
	unsigned int count = le->history_count;

	if (!le->len)
		return;
	if (count &&
	    !strcmp(le->history[(count - 1) % LINE_HISTORY], le->line))
		return;
	strlcpy(le->history[count % LINE_HISTORY], le->line, LINE_SIZE);
	le->history_count++;
}

static bool sequence_complete(const struct lineedit *le, char c)
{
	if (le->escape_len == 2)
		return c != '[' && c != 'O';
	if (le->escape[1] == 'O')
		return true;
	return c >= 0x40 && !(le->escape_len == 3 && c == '[');
}

static int sequence_key(const struct lineedit *le)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sequences); i++)
		if (!strncmp(sequences[i].bytes, le->escape + 1,
			     sizeof(le->escape) - 1))
			return sequences[i].key;
	return KEY_NONE;
}

static int continue_sequence(struct lineedit *le, char c)
{
	int key = KEY_NONE;

	if (le->escape_len < sizeof(le->escape))
		le->escape[le->escape_len++] = c;
	if (sequence_complete(le, c)) {
		key = sequence_key(le);
		le->escape_len = 0;
	}
	return key;
}

/* The key that this byte completes; KEY_NONE if it completes none. */
static int decode(struct lineedit *le, u8 c)
{
	bool printable = c >= ' ' && c < KEY_DEL;

	if (le->escape_len && printable)
		return continue_sequence(le, (char)c);
	le->escape_len = 0;
	if (c == KEY_ESC) {
		memset(le->escape, 0, sizeof(le->escape));
		le->escape[le->escape_len++] = KEY_ESC;
		return KEY_NONE;
	}
	return c;
}

/* The keys that move; false if this is none of them. */
static bool move_by_key(struct lineedit *le, int key)
{
	switch (key) {
	case KEY_LEFT:
		move_to(le, le->cursor - !!le->cursor);
		return true;
	case KEY_RIGHT:
		move_to(le, min(le->cursor + 1, le->len));
		return true;
	case KEY_HOME: case CTRL('A'):
		move_to(le, 0);
		return true;
	case KEY_END: case CTRL('E'):
		move_to(le, le->len);
		return true;
	case KEY_UP: case CTRL('P'):
		recall_older(le);
		return true;
	case KEY_DOWN: case CTRL('N'):
		recall_newer(le);
		return true;
	}
	return false;
}

static void edit_by_key(struct lineedit *le, int key)
{
	switch (key) {
	case '\b': case KEY_DEL:
		cut(le, le->cursor - !!le->cursor, le->cursor);
		break;
	case KEY_DELETE:
		cut(le, le->cursor, min(le->cursor + 1, le->len));
		break;
	case CTRL('U'):
		cut(le, 0, le->cursor);
		break;
	case CTRL('K'):
		cut(le, le->cursor, le->len);
		break;
	case CTRL('L'):
		refresh(le);
		break;
	default:
		if (key >= ' ' && key < KEY_DEL)
			insert(le, (char)key);
	}
}

static void clear_line(struct lineedit *le)
{
	le->line[0] = '\0';
	le->len = le->cursor = le->first = 0;
	le->history_pos = 0;
}

void lineedit_init(struct lineedit *le, const char *prompt,
		   void (*echo)(const char *s, size_t n))
{
	BUG_ON(strlen(prompt) > LINE_COLUMNS / 2,
	       "the prompt leaves no room for the line");
	memset(le, 0, sizeof(*le));
	le->prompt = prompt;
	le->echo = echo;
}

void lineedit_start(struct lineedit *le)
{
	clear_line(le);
	echo_text(le, le->prompt);
}

enum lineedit_result lineedit_feed(struct lineedit *le, char c)
{
	bool second_half = le->last_was_cr && c == '\n';
	int key;

	le->last_was_cr = c == '\r';
	if (second_half)
		return LINE_MORE;
	key = decode(le, (u8)c);
	switch (key) {
	case '\r': case '\n':
		keep_in_history(le);
		echo_text(le, "\n");
		return LINE_DONE;
	case CTRL('C'):
		clear_line(le);
		echo_text(le, "^C\n");
		return LINE_CANCELLED;
	}
	if (!move_by_key(le, key))
		edit_by_key(le, key);
	return LINE_MORE;
}
