#include <mm/reclaim/oom.h>
#include "exhaust.h"
#include "ktest.h"

void exhaust_begin(void)
{
	EXPECT(oom_may_panic);
	oom_may_panic = false;
}

void exhaust_end(void)
{
	EXPECT(!oom_may_panic);
	oom_may_panic = true;
}
