/* The fixmap stands below 2 GB, where an address fits into 32 bits. */
#ifndef HOST_MM_TABLE_FIXMAP_H
#define HOST_MM_TABLE_FIXMAP_H

#include_next <mm/table/fixmap.h>

#undef FIXADDR_TOP
#define FIXADDR_TOP 0x7f000000U

#endif
