# What must be seen at each stop of the walk in docs/gdb.md.
#
# test_gdb.py runs the commands of that document; behind the last command under
# the heading `NAME` it calls at-NAME from here. Which machine it is was said
# by `expect` (checks.py): pae, large, nx and global_ are true or false.

source -s tests/gdb/checks.py

# A kernel that stops by itself ends the walk; nobody waits for the time limit.
define stop-here
break $arg0
commands
where
bt
kill
quit
end
end
stop-here boot_exception
stop-here panic
stop-here panic_trap

define at-_start
check reg("eax") in (0x2badb002, 0x36d76289)
check eip == sym("_start") and low(eip)
check not paging and cr0 & 1
check gdtr != sym("boot_gdt") and low(gdtr)
# GDB would step off the breakpoint, and QEMU 7.2 under load now and then stops
# after a step that it has not made (seen once in 120 walks)
clear *_start
# loaders clear .bss, too: soiled, so that it is seen who does
set {unsigned int}$phys(&swapper_pg_dir) = 0xdeadbeef
set {unsigned int}($phys(&__bss_stop) - 4) = 0xdeadbeef
end

define at-boot_gdt_loaded
check eip == sym("boot_gdt_loaded") and low(eip)
check not paging
check esp == phys("boot_stack_top") and low(esp)
check gdtr == sym("boot_gdt") and low(gdtr)
check reg("cs") == 0x60
end

define at-boot_info_copied
check eip == sym("boot_info_copied") and low(eip)
check not paging
check esp == phys("boot_stack_top")
check idtr == sym("boot_idt") and low(idtr)
check word("boot_info") == reg("esi")
check physical(phys("boot_info") + 8) == physical(phys("boot_info") + 12) > 0
check not any(entries)
check physical(phys("__bss_stop") - 4) == 0
end

define at-boot_tables_filled
check eip == sym("boot_tables_filled") and low(eip)
check not paging and low(esp) and low(gdtr)
check cr3 == 0
check entries[0x000] == phys("pg0") + 3
check entries[0x001] == phys("pg0") + 0x1000 + 3
check entries[0x300] == entries[0x000]
check entries[0x301] == entries[0x001]
check [i for i in range(1024) if entries[i]] == [0, 1, 0x300, 0x301]
check ptes[0] == 0x00000003 and ptes[1023] == 0x003ff003
check ptes[1024] == 0x00400003 and ptes[2047] == 0x007ff003
check ptes == [i * 0x1000 + 3 for i in range(2048)]
check phys("pg0") + 0x2000 == phys("__pg_tables_end") <= 0x800000
end

define at-boot_cr3_loaded
check eip == sym("boot_cr3_loaded") and low(eip)
check not paging and low(esp) and low(gdtr)
check cr3 == phys("swapper_pg_dir")
end

define at-boot_paging_on
check eip == sym("boot_paging_on")
check paging and not pae_on
check cr3 == phys("swapper_pg_dir")
check low(eip) and low(esp) and low(gdtr)
check cr0 & 0x60010000 == 0
check to(eip) == eip and to(eip + 0xc0000000) == eip
check all(to(a) == to(a + 0xc0000000) == a for a in range(0, 0x800000, 0x7f000))
check to(0x7fffff) == 0x7fffff and to(0xc07fffff) == 0x7fffff
check to(0x800000) is None and to(0xc0800000) is None and to(0xbfffffff) is None
check virtual(0x100000) == virtual(0xc0100000) == physical(0x100000) == 0x1badb002
check virtual(phys("pg0") + 4) == virtual(sym("pg0") + 4) == ptes[1]
check virtual(0xc0800000) is None
check rights(0xc0100000) == "4K rwx"
end

define at-start_high
check eip == sym("start_high") and high(eip)
check paging and low(esp) and low(gdtr)
check esp == phys("boot_stack_top")
check [i for i in range(1024) if entries[i]] == [0, 1, 0x300, 0x301]
end

define at-start_high_stack
check eip == sym("start_high_stack") and high(eip)
check esp == sym("boot_stack_top") and high(esp)
check paging and gdtr == sym("boot_gdt") and low(gdtr)
end

define at-start_kernel
check sym("_stext") <= eip < sym("_etext")
check sym("boot_stack") <= esp < sym("boot_stack_top")
check paging and gdtr == sym("boot_gdt") and low(gdtr)
check cr3 == phys("swapper_pg_dir")
end

define at-gdt_init
check sym("_stext") <= eip < sym("_etext")
check gdtr == sym("gdt") and high(gdtr)
check reg("cs") == 0x60 and reg("ds") == reg("ss") == 0x68
check low(idtr)
end

# The final tables are live as far as 8 MB; the identity map still stands.
define at-paging_init
check high(eip) and high(esp) and high(gdtr) and high(idtr)
check pae_on == pae
check cr3 == phys("swapper_pdpt" if pae else "swapper_pg_dir")
check cr0 & 0x80010000 == 0x80010000
check bool(cr4 & 0x10) == (large or pae) and bool(cr4 & 0x80) == global_
check bool(efer & 0x800) == nx
check all(to(0xc0000000 + a) == a for a in places)
check all(to(a) == a for a in places)
check virtual(0x100000) == virtual(0xc0100000) == 0x1badb002
check to(0x800000 + 0xc0000000) is None
# text is read-only and executable, rodata read-only, the rest writable
check rights(sym("start_kernel")) == "4K r-x" + " G" * global_
check rights(sym("_text")) == "4K r-x" + " G" * global_
check rights(sym("__start_rodata")) == "4K r-" + "x-"[nx] + " G" * global_
check rights(sym("_sdata")) == "4K rw" + "x-"[nx] + " G" * global_
check rights(sym("boot_stack")) == "4K rw" + "x-"[nx] + " G" * global_
check rights(sym("boot_stack_guard")) == "not mapped"
check rights(0xc0400000) == ("2M" if pae else "4M") * large + "4K" * (not large) + " rw" + "x-"[nx] + " G" * global_
# with two levels it happened in place: the first table is still pg0
check pae or entries[0x300] & ~0xfff == entries[0] & ~0xfff == phys("pg0")
check pae or entries[1] & ~0xfff == phys("pg0") + 0x1000
check pae or not large or entries[0x301] & ~0x60 == 0x00400183 - 0x100 * (not global_)
check not pae or root(0) == root(3) and root(1) == root(2) == 0
check root(0x3ff if not pae else 3) & 1
end

define at-zap_low_mappings
check high(eip) and high(esp) and high(gdtr) and high(idtr)
check cr3 == phys("swapper_pdpt" if pae else "swapper_pg_dir")
check all(root(i) == 0 for i in range(3 if pae else 0x300))
check all(to(a) is None for a in (0, 0x100000, 0x400000, 0x7ff000, 0xbffff000))
check virtual(0) is None and virtual(0x100000) is None
check virtual(0xc0100000) == 0x1badb002
check to(0xc0100000) == 0x100000 and to(0xc7000000) == 0x7000000
check to(0xc8000000) is None and to(0xfffff000) is None
check rights(sym("start_kernel")) == "4K r-x" + " G" * global_
check rights(0xc1000000) == ("2M" if pae else "4M") * large + "4K" * (not large) + " rw" + "x-"[nx] + " G" * global_
end

# The caches stand, and those of kmalloc() hold the first arrays.
define at-kmem_cache_init
check virtual(sym("kmem_caches")) != sym("kmem_caches")
check high(virtual(sym("kmalloc_caches"))) and high(virtual(sym("kmalloc_table")))
check virtual(sym("kmalloc_table") + 4) == virtual(sym("kmalloc_caches"))
end
