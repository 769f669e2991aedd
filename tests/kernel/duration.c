#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include "duration.h"

#define SECONDS_MOST 1000000U

static int number(const char *text, const char **end, u32 most, u32 *n)
{
	u64 value;
	int err = parse_size(text, end, &value);

	if (err)
		return -EINVAL;
	if (!value || value > most)
		return -ERANGE;
	*n = (u32)value;
	return 0;
}

int duration_of_option(const char *value, struct duration *d)
{
	struct duration new = { .seed = 1 };
	const char *end;
	int err = number(value, &end, SECONDS_MOST, &new.seconds);

	if (!err && *end == ',')
		err = number(end + 1, &end, UINT32_MAX, &new.seed);
	if (!err && *end)
		err = -EINVAL;
	if (!err)
		*d = new;
	return err;
}

int duration_of_command(int argc, char **argv, struct duration *d)
{
	const char *end;

	d->seed = 1;
	if (argc < 2 || argc > 3 ||
	    number(argv[1], &end, SECONDS_MOST, &d->seconds) || *end ||
	    (argc == 3 && (number(argv[2], &end, UINT32_MAX, &d->seed) ||
			   *end)))
		return -EINVAL;
	return 0;
}
