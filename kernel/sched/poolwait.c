/*
 * Waiting for an element of a mempool. mm/ stands below threads and knows none
 * of them: it calls mempool_hooks.
 *
 * One queue serves all pools, as it is a rare event: who is woken by another
 * pool's element looks at his own, and waits again. The allocator below may
 * have memory again without anybody's telling: so who waits looks there every
 * LOOK_AGAIN_S seconds.
 */
#include <kernel/cpu/time.h>
#include <kernel/sched/poolwait.h>
#include <kernel/sched/wait.h>
#include <mm/object/mempool.h>

#define LOOK_AGAIN_S 5U		/* the reference's */

static DECLARE_WAIT_QUEUE_HEAD(pool_wait);

static bool has_element(const mempool_t *pool)
{
	return *(const volatile u32 *)&pool->curr_nr != 0;
}

static void wait_for_element(mempool_t *pool)
{
	wait_event_timeout(pool_wait, has_element(pool), LOOK_AGAIN_S * hz);
}

static void element_came(mempool_t *pool)
{
	if (waitqueue_active(&pool_wait))
		wake_up_all(&pool_wait);
}

void poolwait_init(void)
{
	mempool_hooks.wait = wait_for_element;
	mempool_hooks.wake = element_came;
}
