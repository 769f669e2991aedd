#include "objects.h"
static void boots(const void *arg)
{
	host_boot_objects(64, 1, 0);
	printf("%u\n", host_shrunk());
}
static void test_boots(void **state) { host_in_child(boots, NULL, "boot"); }
int main(void)
{
	const struct CMUnitTest tests[] = { HOST_TEST(test_boots) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
