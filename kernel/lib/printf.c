#include <kernel/lib/math64.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>

struct out {
	char *buf;
	size_t size;
	size_t len;	/* what the whole text takes so far */
};

struct spec {
	bool left, zero, plus, space, alt;
	bool upper, is_signed;
	int width;
	int precision;	/* -1: none given */
	int length;	/* -2 hh, -1 h, 0 int, 1 l or z, 2 ll */
	unsigned int base;
};

static void emit(struct out *out, char c)
{
	if (out->len + 1 < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void emit_n(struct out *out, char c, int n)
{
	while (n-- > 0)
		emit(out, c);
}

static void emit_padded(struct out *out, const struct spec *spec,
			const char *text, int len)
{
	int i;

	if (!spec->left)
		emit_n(out, ' ', spec->width - len);
	for (i = 0; i < len; i++)
		emit(out, text[i]);
	if (spec->left)
		emit_n(out, ' ', spec->width - len);
}

/* Writes the digits of value before end; returns the first. */
static char *format_digits(char *end, u64 value, const struct spec *spec)
{
	const char *digits = spec->upper ? "0123456789ABCDEF" :
					   "0123456789abcdef";
	u16 rem;

	while (value) {
		value = div_u64_rem16(value, spec->base, &rem);
		*--end = digits[rem];
	}
	return end;
}

static const char *number_prefix(const struct spec *spec, bool negative,
				 u64 value)
{
	if (negative)
		return "-";
	if (spec->is_signed)
		return spec->plus ? "+" : spec->space ? " " : "";
	if (spec->alt && spec->base == 16 && value)
		return spec->upper ? "0X" : "0x";
	return "";
}

static void emit_number(struct out *out, const struct spec *spec, u64 value,
			bool negative)
{
	char buf[24];	/* derived: 22 octal digits of 64 bits */
	char *end = buf + sizeof(buf);
	char *first = format_digits(end, value, spec);
	const char *prefix = number_prefix(spec, negative, value);
	int digits = end - first;
	int precision = spec->precision < 0 ? 1 : spec->precision;
	/* the octal prefix is one digit more, if the first is not 0 anyway */
	int octal = spec->alt && spec->base == 8 ? digits + 1 : 0;
	int zeros = max(max(precision, octal) - digits, 0);
	int len = (int)strlen(prefix) + zeros + digits;

	if (spec->zero && !spec->left && spec->precision < 0) {
		zeros += max(spec->width - len, 0);
		len = (int)strlen(prefix) + zeros + digits;
	}
	if (!spec->left)
		emit_n(out, ' ', spec->width - len);
	while (*prefix)
		emit(out, *prefix++);
	emit_n(out, '0', zeros);
	while (first < end)
		emit(out, *first++);
	if (spec->left)
		emit_n(out, ' ', spec->width - len);
}

static void emit_string(struct out *out, const struct spec *spec,
			const char *s)
{
	size_t most = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;

	if (!s)
		s = "(null)";
	emit_padded(out, spec, s, (int)strnlen(s, most));
}

static const char *parse_flags(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-':
			spec->left = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '#':
			spec->alt = true;
			break;
		default:
			return fmt;
		}
	}
}

static const char *parse_count(const char *fmt, int *count)
{
	*count = 0;
	while (*fmt >= '0' && *fmt <= '9')
		*count = *count * 10 + *fmt++ - '0';
	return fmt;
}

static const char *parse_length(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		if (*fmt == 'l')
			spec->length++;
		else if (*fmt == 'h')
			spec->length--;
		else if (*fmt == 'z')
			spec->length = 1;
		else
			return fmt;
	}
}

static u64 narrow(u64 value, const struct spec *spec, bool *negative)
{
	s64 wide = (s64)value;

	if (spec->length == -2)
		wide = spec->is_signed ? (s8)value : (u8)value;
	else if (spec->length == -1)
		wide = spec->is_signed ? (s16)value : (u16)value;
	else if (spec->length < 2)
		wide = spec->is_signed ? (s64)(s32)value : (s64)(u32)value;
	*negative = spec->is_signed && wide < 0;
	return *negative ? 0 - (u64)wide : (u64)wide;
}

/* The number conversions; false if c is none of them. */
static bool set_number_kind(struct spec *spec, char c)
{
	spec->base = 10;
	switch (c) {
	case 'd': case 'i':
		spec->is_signed = true;
		return true;
	case 'u':
		return true;
	case 'X':
		spec->upper = true;
		spec->base = 16;
		return true;
	case 'x':
		spec->base = 16;
		return true;
	case 'o':
		spec->base = 8;
		return true;
	}
	return false;
}

static void emit_pointer(struct out *out, u32 value)
{
	const struct spec hex = {
		.zero = true, .width = 8, .precision = -1, .base = 16,
	};

	emit(out, '0');
	emit(out, 'x');
	emit_number(out, &hex, value, false);
}

/* va_list may be an array type: a struct lets it be passed by address. */
struct arguments {
	va_list list;
};

static void emit_conversion(struct out *out, struct spec *spec, char c,
			    struct arguments *args)
{
	bool negative;
	u64 value;
	char one;

	if (set_number_kind(spec, c)) {
		value = spec->length >= 2 ? va_arg(args->list, u64) :
					    va_arg(args->list, unsigned int);
		value = narrow(value, spec, &negative);
		emit_number(out, spec, value, negative);
	} else if (c == 's') {
		emit_string(out, spec, va_arg(args->list, const char *));
	} else if (c == 'c') {
		one = (char)va_arg(args->list, int);
		emit_padded(out, spec, &one, 1);
	} else if (c == 'p') {
		emit_pointer(out, (u32)(uintptr_t)va_arg(args->list, void *));
	} else {
		emit(out, '%');
		if (c != '%')
			emit(out, c);
	}
}

/* fmt stands behind the '%'; returns where the plain text goes on. */
static const char *convert(struct out *out, const char *fmt,
			   struct arguments *args)
{
	struct spec spec = { .precision = -1 };

	fmt = parse_flags(fmt, &spec);
	if (*fmt == '*') {
		spec.width = va_arg(args->list, int);
		fmt++;
	} else {
		fmt = parse_count(fmt, &spec.width);
	}
	if (spec.width < 0) {
		spec.left = true;
		spec.width = -spec.width;
	}
	if (*fmt == '.') {
		if (*++fmt == '*') {
			spec.precision = va_arg(args->list, int);
			fmt++;
		} else {
			fmt = parse_count(fmt, &spec.precision);
		}
	}
	fmt = parse_length(fmt, &spec);
	if (!*fmt)
		return fmt;
	emit_conversion(out, &spec, *fmt, args);
	return fmt + 1;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list list)
{
	struct out out = { .buf = buf, .size = size };
	struct arguments args;

	va_copy(args.list, list);
	while (*fmt) {
		if (*fmt == '%')
			fmt = convert(&out, fmt + 1, &args);
		else
			emit(&out, *fmt++);
	}
	va_end(args.list);
	if (size)
		buf[min(out.len, size - 1)] = '\0';
	return (int)out.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}
