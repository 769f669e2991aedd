/*
 * A line editor for a serial terminal: backspace, left, right, home, end,
 * delete, Ctrl-U (up to the cursor), Ctrl-K (from it on), Ctrl-C, Ctrl-L (draw
 * again), and a history with up and down. Pure state machine: bytes in, bytes
 * out, so that a test can drive it.
 *
 * It shows the line in one row of a VT100, LINE_COLUMNS wide; a longer line is
 * seen through a window that follows the cursor. echo() gets "\n" for a new
 * row and has to add the carriage return.
 */
#ifndef KERNEL_MONITOR_LINEEDIT_H
#define KERNEL_MONITOR_LINEEDIT_H

#include <kernel/lib/compiler.h>

#define LINE_SIZE 256		/* with the NUL */
#define LINE_HISTORY 16		/* lines kept */
#define LINE_COLUMNS 80		/* derived: the row of a VT100 */

enum lineedit_result {
	LINE_MORE,		/* not finished */
	LINE_DONE,		/* le->line holds it, without the newline */
	LINE_CANCELLED,		/* Ctrl-C: le->line is empty */
};

struct lineedit {
	void (*echo)(const char *s, size_t n);
	const char *prompt;
	char line[LINE_SIZE];
	size_t len, cursor;
	size_t first;		/* the first character on the screen */
	char escape[4];		/* ESC and what came behind it, then zeros */
	size_t escape_len;	/* 0: none */
	bool last_was_cr;	/* CR LF counts as one end of line */
	char history[LINE_HISTORY][LINE_SIZE];
	unsigned int history_count;	/* lines ever kept */
	unsigned int history_pos;	/* how far up we are; 0: the new line */
	char saved[LINE_SIZE];		/* the new line while we are up */
};

void lineedit_init(struct lineedit *le, const char *prompt,
		   void (*echo)(const char *s, size_t n));

/*
 * Clears the line and shows the prompt: before the first byte, and again after
 * each LINE_DONE and LINE_CANCELLED.
 */
void lineedit_start(struct lineedit *le);

/*
 * One byte from the terminal. A line that is full rings the bell. An empty
 * line, or one equal to the last, is not kept in the history.
 */
enum lineedit_result lineedit_feed(struct lineedit *le, char c);

#endif
