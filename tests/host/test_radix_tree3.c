/* Radix trees with 8 slots a node: higher, and every way taken more often. */
#define RADIX_TREE_MAP_SHIFT 3

#include "../../kernel/lib/radix_tree.c"
#undef SHIFT
#undef SIZE
#include "test_radix_tree.c"
