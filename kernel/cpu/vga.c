#include <kernel/cpu/io.h>
#include <kernel/cpu/page.h>
#include <kernel/cpu/vga.h>

#define VGA_TEXT 0xb8000
#define COLUMNS 80
#define ROWS 25
#define BLANK 0x0720		/* a space, light grey on black */
#define TAB_WIDTH 8

#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW 0x0f

static unsigned int row, column;

static volatile u16 *cell(unsigned int r, unsigned int c)
{
	return (volatile u16 *)__va(VGA_TEXT) + r * COLUMNS + c;
}

static void clear_row(unsigned int r)
{
	unsigned int c;

	for (c = 0; c < COLUMNS; c++)
		*cell(r, c) = BLANK;
}

static void scroll(void)
{
	unsigned int r, c;

	for (r = 0; r + 1 < ROWS; r++)
		for (c = 0; c < COLUMNS; c++)
			*cell(r, c) = *cell(r + 1, c);
	clear_row(ROWS - 1);
}

static void new_line(void)
{
	column = 0;
	if (row + 1 < ROWS)
		row++;
	else
		scroll();
}

static void put(char c)
{
	if (c == '\n') {
		new_line();
	} else if (c == '\r') {
		column = 0;
	} else if (c == '\b') {
		column -= column > 0;
	} else if (c == '\t') {
		column = min(ALIGN(column + 1, TAB_WIDTH), COLUMNS - 1U);
	} else if (c >= ' ') {
		*cell(row, column) = (u16)(0x0700 | (u8)c);
		if (++column == COLUMNS)
			new_line();
	}
}

static void show_cursor(void)
{
	u16 at = (u16)(row * COLUMNS + column);

	outb(CRTC_INDEX, CRTC_CURSOR_HIGH);
	outb(CRTC_DATA, at >> 8);
	outb(CRTC_INDEX, CRTC_CURSOR_LOW);
	outb(CRTC_DATA, at & 0xff);
}

bool vga_init(void)
{
	unsigned int r;

	*cell(0, 0) = 0x0741;
	if (*cell(0, 0) != 0x0741)
		return false;
	*cell(0, 0) = BLANK;
	if (*cell(0, 0) != BLANK)
		return false;
	for (r = 0; r < ROWS; r++)
		clear_row(r);
	return true;
}

void vga_write(const char *s, size_t n)
{
	while (n--)
		put(*s++);
	show_cursor();
}
