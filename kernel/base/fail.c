/*
 * Failures on purpose.
 *
 * 1. What for. The ways that are taken when memory runs out are taken seldom,
 *    so they are wrong. To fail the first, second, third request of one
 *    operation until it succeeds walks each of them once; to fail one of seven
 *    for minutes walks those that nobody thought of.
 *
 * 2. States of a point, changed under fail_lock only:
 *
 *	inactive	the plan is off, nothing is asked or counted
 *	active		each request takes a place; fail_now() judges it
 *
 *    It becomes inactive by itself when `times` failures were made. Its owner
 *    is told of each change (changed), outside the lock: it may look at
 *    `active` to switch its slow way on and off. So a point that is inactive
 *    costs its owner nothing.
 *
 * 3. Chance. Each point has its own row of random numbers (xorshift, 32 bits:
 *    Marsaglia 2003) that begins at its seed: the same plan and the same
 *    requests make the same failures. An interval with a seed draws one number
 *    at its begin, so that each interval fails exactly once.
 *
 * 4. The command line is read before the allocators are there, and an option
 *    may only record its value: fail_arm() makes plans of what was recorded.
 *    Of several for one point the last counts.
 */
#include <kernel/base/cmdline.h>
#include <kernel/base/fail.h>
#include <kernel/cpu/spinlock.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>

#define for_each_point(point)						\
	for ((point) = __fail_points_start; (point) < __fail_points_end; \
	     (point)++)

static spinlock_t fail_lock = SPIN_LOCK_UNLOCKED("fail_lock");

static const struct fail_plan off;

/* 0 .. n - 1 */
static u32 draw(struct fail_point *point, u32 n)
{
	point->random ^= point->random << 13;
	point->random ^= point->random >> 17;
	point->random ^= point->random << 5;
	return (u32)((u64)point->random * n >> 32);
}

static void begin_interval(struct fail_point *point)
{
	u32 n = point->plan.n;

	point->place = 0;
	point->pick = point->plan.seeded ? draw(point, n) : n - 1;
}

static bool judge(struct fail_point *point)
{
	bool fails;

	switch (point->plan.how) {
	case FAIL_NTH:
		return point->asked >= point->plan.n;
	case FAIL_INTERVAL:
		fails = point->place == point->pick;
		if (++point->place == point->plan.n)
			begin_interval(point);
		return fails;
	case FAIL_PROBABILITY:
		return draw(point, 100) < point->plan.n;
	case FAIL_OFF:
		break;
	}
	return false;
}

/* A failure is made: was it the last one? */
static void count_failure(struct fail_point *point)
{
	point->injected++;
	if (point->plan.times && !--point->left) {
		point->active = false;
		point->plan = off;
	}
}

bool fail_now(struct fail_point *point)
{
	bool fails = false, ended;
	u32 flags;

	if (!point->active)
		return false;
	flags = spin_lock_irqsave(&fail_lock);
	if (point->active) {
		point->asked++;
		fails = judge(point);
		if (fails)
			count_failure(point);
	}
	ended = fails && !point->active;
	spin_unlock_irqrestore(&fail_lock, flags);
	if (ended && point->changed)
		point->changed();
	return fails;
}

void fail_set(struct fail_point *point, const struct fail_plan *plan)
{
	u32 flags = spin_lock_irqsave(&fail_lock);

	point->plan = *plan;
	point->left = plan->times;
	point->asked = 0;
	/* 0 would stay 0; the seed that makes it is nobody's favourite */
	point->random = plan->seed ^ 0x9e3779b9;
	if (!point->random)
		point->random = 1;
	if (plan->how == FAIL_INTERVAL)
		begin_interval(point);
	point->active = plan->how != FAIL_OFF;
	spin_unlock_irqrestore(&fail_lock, flags);
	if (point->changed)
		point->changed();
}

void fail_nth(struct fail_point *point, u32 n)
{
	struct fail_plan plan = { .how = FAIL_NTH, .n = n, .times = 1 };

	fail_set(point, n ? &plan : &off);
}

void fail_all_off(void)
{
	struct fail_point *point;

	for_each_point(point)
		fail_set(point, &off);
}

struct fail_point *fail_find(const char *name, size_t len)
{
	struct fail_point *point;

	for_each_point(point)
		if (strlen(point->name) == len &&
		    !strncmp(point->name, name, len))
			return point;
	return NULL;
}

/* --- the text --- */

enum key { KEY_NTH, KEY_INTERVAL, KEY_PROBABILITY, KEY_SEED, KEY_TIMES,
	   NR_KEYS };

static const char *const keys[NR_KEYS] = {
	"nth=", "interval=", "probability=", "seed=", "times=",
};

/* One `key=number`; *text moves to the comma behind it, or to the end. */
static int parse_pair(const char **text, enum key *key, u32 *number)
{
	u64 value;

	for (*key = 0; *key < NR_KEYS; ++*key)
		if (!strncmp(*text, keys[*key], strlen(keys[*key])))
			break;
	if (*key == NR_KEYS)
		return -EINVAL;
	*text += strlen(keys[*key]);
	if (parse_u64(*text, text, &value) || value > UINT32_MAX ||
	    (**text && **text != ','))
		return -EINVAL;
	*number = (u32)value;
	return 0;
}

/* The pairs behind the name of the point, each key once. */
static int parse_pairs(const char *text, u32 number[NR_KEYS], u32 *given)
{
	enum key key;
	u32 value;

	for (*given = 0; *text == ','; *given |= 1U << key) {
		text++;
		if (parse_pair(&text, &key, &value) || *given & 1U << key)
			return -EINVAL;
		number[key] = value;
	}
	return 0;
}

static int make_plan(struct fail_plan *plan, const u32 number[NR_KEYS],
		     u32 given)
{
	u32 hows = given & (1U << KEY_NTH | 1U << KEY_INTERVAL |
			    1U << KEY_PROBABILITY);

	*plan = (struct fail_plan){ .seed = 1 };
	if (hows == 1U << KEY_NTH) {
		plan->how = FAIL_NTH;
		plan->n = number[KEY_NTH];
		plan->times = 1;
	} else if (hows == 1U << KEY_INTERVAL) {
		plan->how = FAIL_INTERVAL;
		plan->n = number[KEY_INTERVAL];
	} else if (hows == 1U << KEY_PROBABILITY) {
		plan->how = FAIL_PROBABILITY;
		plan->n = number[KEY_PROBABILITY];
	}
	if (given & 1U << KEY_TIMES)
		plan->times = number[KEY_TIMES];
	plan->seeded = given & 1U << KEY_SEED;
	if (plan->seeded)
		plan->seed = number[KEY_SEED];
	/* also 0 if there was not one of the three, but none or two */
	if (!plan->n || (plan->how == FAIL_PROBABILITY && plan->n > 100) ||
	    (given & 1U << KEY_TIMES && !plan->times) ||
	    (plan->how == FAIL_NTH && plan->seeded))
		return -EINVAL;
	return 0;
}

int fail_parse(const char *text, struct fail_point **point,
	       struct fail_plan *plan)
{
	const char *comma = strchr(text, ',');
	struct fail_point *found;
	struct fail_plan made;
	u32 number[NR_KEYS] = { 0 }, given;

	if (!comma)
		return -EINVAL;
	found = fail_find(text, (size_t)(comma - text));
	if (!found || parse_pairs(comma, number, &given) ||
	    make_plan(&made, number, given))
		return -EINVAL;
	*point = found;
	*plan = made;
	return 0;
}

const char *fail_text(const struct fail_plan *plan, char *buf)
{
	static const char *const how[] = {
		[FAIL_NTH] = "nth", [FAIL_INTERVAL] = "interval",
		[FAIL_PROBABILITY] = "probability",
	};
	u32 used;

	if (plan->how == FAIL_OFF) {
		strlcpy(buf, "off", FAIL_TEXT);
		return buf;
	}
	used = (u32)snprintf(buf, FAIL_TEXT, "%s=%u", how[plan->how], plan->n);
	if (plan->seeded)
		used += (u32)snprintf(buf + used, FAIL_TEXT - used, ",seed=%u",
				      plan->seed);
	if (plan->times != (plan->how == FAIL_NTH))
		snprintf(buf + used, FAIL_TEXT - used, ",times=%u",
			 plan->times);
	return buf;
}

/* --- the command line --- */

static int set_fail(const char *value)
{
	struct fail_point *point;
	struct fail_plan plan;

	if (fail_parse(value, &point, &plan))
		return -EINVAL;
	point->boot = plan;
	return 0;
}

KERNEL_PARAM(fail, "fail", set_fail, PARAM_VALUE | PARAM_MANY,
	     "POINT,nth=N|interval=N|probability=PERCENT[,seed=N][,times=N]",
	     "let requests fail on purpose");

void fail_arm(void)
{
	struct fail_point *point;

	for_each_point(point)
		if (point->boot.how != FAIL_OFF)
			fail_set(point, &point->boot);
}
