# GDB's settings for swapper. `make gdb` does all of this; by hand it is
#
#	qemu-system-i386 -S -s -kernel build/swapper.elf
#	gdb build/swapper.elf -x tools/gdb/swapper.gdb -ex 'target remote :1234'
#
# 1. Symbols are right from the first instruction on: boot/head.S is linked at
#    its physical address as far as it runs before paging (section .boot), the
#    rest is reached with paging on only. No second copy of the symbols at
#    addresses less 3 GB is needed.
# 2. Breakpoints. QEMU compares addresses, it does not write INT3 into memory:
#    a breakpoint on a function of the kernel can be set while the CPU is still
#    at its reset vector. Code that runs with paging off wants a hardware
#    breakpoint (hbreak, thbreak) all the same, as a stub on real hardware needs
#    it: what was written into memory would be gone when the loader copies the
#    kernel there.
# 3. GRUB unpacks itself to 1 MB, where the kernel will stand, and runs there
#    first: the breakpoint at _start asks for a loader's magic in EAX.

set pagination off
set confirm off
set architecture i386
set disassembly-flavor att
set print symbol on

source -s tools/gdb/swapper.py

define target hookpost-remote
hbreak *_start if $eax == 0x36d76289 || $eax == 0x2badb002
end
