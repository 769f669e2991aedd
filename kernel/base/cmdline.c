/*
 * The kernel command line.
 *
 * 1. What for. The boot loader hands over one line of text. The options in it
 *    belong to mechanisms that cannot be asked yet: so each declares its names
 *    in the section .kernel_params, and this file, which knows none of them,
 *    only calls their handlers.
 *
 * 2. Grammar.
 *
 *	line   = { blank } [ option { blank { blank } option } { blank } ]
 *	option = name [ "=" value ]
 *
 *    A blank is a space or one of \t \n \v \f \r. A double quote opens or
 *    closes a stretch in which blanks are plain characters; the quotes are
 *    dropped, so that title="a b" and "title=a b" mean the same. There is no
 *    escape for a quote. Only the first "=" divides.
 *
 * 3. Memory. Options are cut out of the line in place: dropping quotes only
 *    moves text to the left, and a NUL takes the place of "=" or of a blank.
 *    Handlers keep pointers into the line, so the working copy stays for good,
 *    and the line as it was given is a second copy.
 *
 * 4. What happens to an option; the first rule that applies decides:
 *
 *	a quote stays open		reported	ignored
 *	no name				reported	ignored
 *	the name is not in the table	reported	ignored
 *	a value is missing, or too much	reported	ignored
 *	accepted before, not PARAM_MANY	reported	ignored
 *	its handler refuses		reported	ignored
 *	otherwise					accepted
 *
 *    Only an accepted option makes a later one a duplicate: of `mem=zzz mem=1G`
 *    the second counts, as the first was ignored.
 *
 * 5. Length. What does not fit is cut off at a blank outside quotes: half an
 *    option could be a different option (mem=1024M, mem=10).
 *
 * 6. Cost: options * table entries string comparisons, once.
 */
#include <kernel/base/cmdline.h>
#include <kernel/base/printk.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>

#define PARAM_MAX 128	/* guessed: the guide documents some 20 options */

struct option {
	const char *name;
	const char *value;	/* "" where there is none */
	bool has_value;
	bool open_quote;
};

static char given_line[COMMAND_LINE_SIZE];
static char working_line[COMMAND_LINE_SIZE];

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Cuts the option at p out of its line; returns where it ends, or NULL. */
static char *next_option(char *p, struct option *option)
{
	bool quoted = false;
	char *out;

	while (is_blank(*p))
		p++;
	if (!*p)
		return NULL;
	*option = (struct option){ .name = p };
	for (out = p; *p && (quoted || !is_blank(*p)); p++) {
		if (*p == '"') {
			quoted = !quoted;
		} else if (*p == '=' && !option->has_value) {
			option->has_value = true;
			*out++ = '\0';
			option->value = out;
		} else {
			*out++ = *p;
		}
	}
	if (*p)
		p++;
	*out = '\0';
	if (!option->has_value)
		option->value = out;
	option->open_quote = quoted;
	return p;
}

static const struct kernel_param *find_param(const char *name,
					     const struct kernel_param *from,
					     const struct kernel_param *to)
{
	for (; from < to; from++)
		if (!strcmp(from->name, name))
			return from;
	return NULL;
}

static bool takes_value(const struct kernel_param *param)
{
	return param->flags & (PARAM_VALUE | PARAM_OPTIONAL);
}

static bool needs_value(const struct kernel_param *param)
{
	return (param->flags & (PARAM_VALUE | PARAM_OPTIONAL)) == PARAM_VALUE;
}

static void warn_form(const struct option *option,
		      const struct kernel_param *param)
{
	bool optional = param->flags & PARAM_OPTIONAL;
	bool takes = takes_value(param);

	pr_warn("option %.40s%s%.40s: expected %s%s%s%s; ignored\n",
		option->name, option->has_value ? "=" : "", option->value,
		param->name, optional ? "[=" : takes ? "=" : "",
		takes ? param->form : "", optional ? "]" : "");
}

/* A flag that stands alone has the right form: there is nothing to expect. */
static void warn_refused(const struct option *option,
			 const struct kernel_param *param)
{
	if (takes_value(param))
		warn_form(option, param);
	else
		pr_warn("option %.40s is refused; ignored\n", option->name);
}

/* True if the option gets as far as its handler and is accepted there. */
static bool try_param(const struct option *option,
		      const struct kernel_param *param, bool accepted_before)
{
	if (option->has_value ? !takes_value(param) : needs_value(param)) {
		warn_form(option, param);
		return false;
	}
	if (accepted_before && !(param->flags & PARAM_MANY)) {
		pr_warn("option %.40s is given twice; the first counts\n",
			option->name);
		return false;
	}
	if (param->set(option->value)) {
		warn_refused(option, param);
		return false;
	}
	return true;
}

/* Can this option be looked up at all? */
static bool check_option(const struct option *option)
{
	const char *equals = option->has_value ? "=" : "";

	if (option->open_quote)
		pr_warn("option %.40s%s%.40s: a quote is not closed; ignored\n",
			option->name, equals, option->value);
	else if (!*option->name)
		pr_warn("option \"%s%.40s\" has no name; ignored\n", equals,
			option->value);
	else
		return true;
	return false;
}

void parse_options(char *line, const struct kernel_param *from,
		   const struct kernel_param *to)
{
	bool accepted[PARAM_MAX] = { false };
	const struct kernel_param *param;
	struct option option;

	BUG_ON(to - from > PARAM_MAX, "more kernel options than PARAM_MAX");
	while ((line = next_option(line, &option))) {
		if (!check_option(&option))
			continue;
		param = find_param(option.name, from, to);
		if (!param)
			pr_warn("option %.40s is unknown; ignored\n",
				option.name);
		else if (try_param(&option, param, accepted[param - from]))
			accepted[param - from] = true;
	}
}

/* The last place to cut a line that is longer than COMMAND_LINE_SIZE - 1. */
static size_t place_to_cut(const char *line)
{
	bool quoted = false;
	size_t cut = 0, i;

	for (i = 0; i < COMMAND_LINE_SIZE; i++) {
		if (line[i] == '"')
			quoted = !quoted;
		else if (!quoted && is_blank(line[i]))
			cut = i;
	}
	return cut;
}

void copy_command_line(char dst[COMMAND_LINE_SIZE], const char *line)
{
	size_t len = strlen(line);
	size_t used = len;

	if (len >= COMMAND_LINE_SIZE) {
		used = place_to_cut(line);
		pr_warn("the command line has %zu characters; cut after %zu\n",
			len, used);
	}
	memcpy(dst, line, used);
	dst[used] = '\0';
}

void parse_command_line(const char *line)
{
	copy_command_line(given_line, line);
	memcpy(working_line, given_line, COMMAND_LINE_SIZE);
	parse_options(working_line, __kernel_params_start,
		      __kernel_params_end);
}

const char *saved_command_line(void)
{
	return given_line;
}
