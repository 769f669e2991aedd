#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

static int parse_digits(const char *s, const char **end, unsigned int base,
			u64 *out)
{
	const char *p = s;
	u64 value = 0;

	for (; (unsigned int)digit_value(*p) < base; p++) {
		u64 high = (value >> 32) * base;
		u64 low = (u32)value * (u64)base + digit_value(*p);

		if (high + (low >> 32) > UINT32_MAX)
			return -ERANGE;
		value = (high << 32) + low;
	}
	if (p == s)
		return -EINVAL;
	if (end)
		*end = p;
	*out = value;
	return 0;
}

static bool has_hex_prefix(const char *s)
{
	return s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
}

int parse_u64(const char *s, const char **end, u64 *out)
{
	if (has_hex_prefix(s))
		return parse_digits(s + 2, end, 16, out);
	return parse_digits(s, end, s[0] == '0' ? 8 : 10, out);
}

static int size_shift(char c)
{
	switch (c) {
	case 'K': case 'k':
		return 10;
	case 'M': case 'm':
		return 20;
	case 'G': case 'g':
		return 30;
	case 'T': case 't':
		return 40;
	}
	return 0;
}

int parse_size(const char *s, const char **end, u64 *out)
{
	const char *p;
	u64 value;
	int shift, err;

	err = parse_u64(s, &p, &value);
	if (err)
		return err;
	shift = size_shift(*p);
	if (shift) {
		if (value >> (64 - shift))
			return -ERANGE;
		value <<= shift;
		p++;
	}
	if (end)
		*end = p;
	*out = value;
	return 0;
}

int parse_hex(const char *s, u64 *out)
{
	const char *end;
	u64 value;
	int err;

	if (has_hex_prefix(s))
		s += 2;
	err = parse_digits(s, &end, 16, &value);
	if (err)
		return err;
	if (*end)
		return -EINVAL;
	*out = value;
	return 0;
}
