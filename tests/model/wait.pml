/*
 * Waiting and waking, as kernel/sched does it, for spin: is a wake-up ever lost,
 * in whatever order the steps of waiter, waker and preemption fall?
 *
 *	spin -a wait.pml && cc -DSAFETY -o pan pan.c && ./pan
 *
 * Each label names the function whose step it is. An atomic block is what that
 * function does under its lock; everything else may be interrupted. The waiter
 * gives the CPU up in two ways: it asks for it (schedule()), or it is preempted,
 * and then stays on the run queue whatever its state says.
 *
 * The mistakes that the protocol is made against; each must be found:
 *
 *	-DSTATE_AFTER_LOOK	the condition is looked at before the state is set
 *	-DQUEUE_AFTER_LOOK	and before the waiter is on the wait queue
 *	-DWAKE_BEFORE_COND	the waker wakes first, and makes it true then
 *	-DPREEMPT_SLEEPS	a preempted thread leaves the run queue, too
 *	-DWAKE_RUNNING_ONLY_OFF	who has not left the run queue is not woken
 */
#define RUNNING 0
#define WAITING 1

#ifndef ROUNDS
#define ROUNDS 2
#endif

bool cond = false;	/* what is waited for */
bool on_wait_queue = false;
byte state = RUNNING;
bool on_run_queue = true;
bool has_cpu = true;
byte got = 0;		/* times that the waiter saw the condition */

/* pick_and_switch(): the waiter's, with the run queue's lock held. */
inline leave_cpu(preempted)
{
	atomic {
		has_cpu = false;
		if
		:: state != RUNNING && !preempted -> on_run_queue = false
		:: else -> skip
		fi
	}
}

/* The scheduler gives the CPU back to who is on the run queue. */
inline come_back()
{
	atomic {
		on_run_queue -> has_cpu = true
	}
}

/* An interrupt may take the CPU away between any two steps. */
inline maybe_preempted()
{
	if
	:: skip
	::
#ifdef PREEMPT_SLEEPS
		leave_cpu(false);
#else
		leave_cpu(true);
#endif
		come_back()
	fi
}

inline prepare_to_wait()
{
	atomic {
#ifndef QUEUE_AFTER_LOOK
		on_wait_queue = true;
#endif
#ifndef STATE_AFTER_LOOK
		state = WAITING
#else
		skip
#endif
	}
}

inline schedule()
{
	leave_cpu(false);
	come_back()
}

proctype waiter()
{
	byte round = 0;

	do
	:: round < ROUNDS ->
again:		prepare_to_wait();
		maybe_preempted();
		if
		:: cond -> skip
		:: else ->
			maybe_preempted();
#ifdef QUEUE_AFTER_LOOK
			on_wait_queue = true;
			maybe_preempted();
#endif
#ifdef STATE_AFTER_LOOK
			state = WAITING;
			maybe_preempted();
#endif
			schedule();
			goto again
		fi;
		/* finish_wait() */
		state = RUNNING;
		maybe_preempted();
		on_wait_queue = false;
		/* in this order: the waker makes it true again then */
		cond = false;
		got++;
		round++
	:: else -> break
	od
}

inline wake_up()
{
	atomic {
		if
		:: on_wait_queue && state == WAITING ->
#ifdef WAKE_RUNNING_ONLY_OFF
			if
			:: !on_run_queue ->
				state = RUNNING;
				on_run_queue = true
			:: else -> skip
			fi
#else
			state = RUNNING;
			on_run_queue = true
#endif
		:: else -> skip
		fi
	}
}

proctype waker()
{
	byte round = 0;

	do
	:: round < ROUNDS ->
		/* the next one when the last was seen */
		got == round;
#ifdef WAKE_BEFORE_COND
		wake_up();
		cond = true;
#else
		cond = true;
		wake_up();
#endif
		round++
	:: else -> break
	od
}

init
{
	atomic {
		run waiter();
		run waker()
	}
}

/* Lost: the waiter is off the run queue for ever. spin calls that an invalid
 * end state; nothing more needs to be said here. */
