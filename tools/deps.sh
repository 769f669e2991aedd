#!/bin/sh
# Installs what a target of the Makefile needs and this machine lacks.
#
#   tools/deps.sh run      to build and boot: cross compiler, GRUB, QEMU
#   tools/deps.sh gdb      the same and GDB
#   tools/deps.sh test     the same and what the tests drive: GDB, Bochs, clang
#   tools/deps.sh lint     the checkers of `make lint`
#
# On Debian and its kin apt-get does it (through sudo where not root). Anywhere
# else the missing tools are listed with their usual package names, and nothing
# is changed. Prints nothing when there is nothing to do.

set -u

# what is missing: "package|tool|why" a line
wanted=''
fetch_musl=''

need() {	# need PACKAGE PROBE WHY: PROBE is a command name or a file
	case $2 in
	/*)	test -e "$2" ;;
	*)	command -v "$2" >/dev/null 2>&1 ;;
	esac || wanted="$wanted$1|$2|$3
"
}

# The cross compiler, in the Makefile's order of preference; the caller may
# have named one of its own in CC or CROSS, which is then its own business.
need_compiler() {
	[ -n "${CC_GIVEN:-}" ] && return
	for cc in toolchain/bin/i686-elf-gcc i686-elf-gcc i686-linux-gnu-gcc; do
		command -v "$cc" >/dev/null 2>&1 && return
	done
	command -v clang >/dev/null 2>&1 && command -v ld.lld >/dev/null 2>&1 &&
		command -v llvm-objcopy >/dev/null 2>&1 && return
	need gcc-i686-linux-gnu i686-linux-gnu-gcc 'the cross compiler'
}

need_run() {
	need_compiler
	need qemu-system-x86 qemu-system-i386 'the PC that it boots on'
	need grub-common grub-mkrescue 'makes the bootable ISO'
	need grub-pc-bin /usr/lib/grub/i386-pc/multiboot2.mod \
		'the boot loader in the ISO'
	need xorriso xorriso 'writes the ISO for grub-mkrescue'
	need python3 python3 'builds the symbol table and runs the tests'
}

need_gdb() {
	need_run
	need gdb gdb 'steps the kernel'
}

need_test() {
	need_gdb
	need gcc-i686-linux-gnu i686-linux-gnu-gcc 'first compiler under test'
	need clang clang 'second compiler under test'
	need lld ld.lld 'the linker that goes with clang'
	need llvm llvm-objcopy 'the object tools that go with clang'
	need libcmocka-dev /usr/include/cmocka.h 'the frame of the host tests'
	# clang names the file only if it has it, by its whole path
	rt=$(clang -print-file-name=libclang_rt.asan-x86_64.a 2>/dev/null)
	need libclang-rt-dev "${rt:-libclang_rt.asan-x86_64.a}" \
		'the sanitizers and the fuzzer of clang'
	need bochs bochs 'the second, stricter PC of the matrix'
	need bochs-x bochs 'the smallest display that Bochs accepts'
	need bochsbios /usr/share/bochs/BIOS-bochs-latest "Bochs's BIOS"
	need vgabios /usr/share/bochs/VGABIOS-lgpl-latest "Bochs's VGA BIOS"
	need spin spin 'goes through the models of waiting and waking'
	need util-linux /sbin/mkswap 'makes swap areas as Linux knows them'
	need acpica-tools iasl 'compiles odd ACPI tables for the NUMA machines'
	need_musl
	need_lint
}

# The C library of some programs of tests/user. It is for the i386: its package
# is unpacked below toolchain/, and the lists of packages of that kind stand
# there, too, so that this system stays what it is.
MUSL=toolchain/musl
need_musl() {
	[ -e "$MUSL/usr/lib/i386-linux-musl/libc.a" ] && return
	command -v apt-get >/dev/null 2>&1 || return
	fetch_musl=y
}

get_musl() {
	mkdir -p "$MUSL/lists/partial" && cd "$MUSL" || return
	set -- -q -oAPT::Architecture=i386 -oAPT::Architectures=i386 \
		-oDir::State::Lists="$PWD/lists" \
		-oDir::Cache::pkgcache= -oDir::Cache::srcpkgcache= \
		-oAPT::Sandbox::User=
	# one broken list of several is no reason to give up
	apt-get "$@" update
	apt-get "$@" download musl-dev && dpkg -x musl-dev_*.deb .
}

need_lint() {
	need_compiler
	need sparse sparse 'static checker'
	need cppcheck cppcheck 'static checker'
	need clang-tidy clang-tidy 'static checker'
}

case ${1:-} in
run|gdb|test|lint) need_"$1" ;;
*)	echo "usage: $0 run|gdb|test|lint" >&2; exit 2 ;;
esac

if [ -n "$fetch_musl" ]; then
	echo "Unpacking musl for the i386 below $MUSL ..."
	log=$(mktemp)
	(get_musl) >"$log" 2>&1 || {
		tail -n 5 "$log"
		echo "That failed: the programs of tests/user/musl are left out."
	}
	rm -f "$log"
fi

[ -z "$wanted" ] && exit 0

echo "swapper needs, to '$1', what this machine does not have:"
printf '%s' "$wanted" | while IFS='|' read -r pkg tool why; do
	printf '  %-20s for %-28s (%s)\n' "$pkg" "$(basename "$tool")" "$why"
done

if ! command -v apt-get >/dev/null 2>&1; then
	echo "There is no apt-get here: install these by your system's own means"
	echo "(the names are Debian's; they are usually the same or close)," \
		"then call make again."
	exit 1
fi

sudo=''
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "Not root and no sudo: as root, run"
		echo "  apt-get install --no-install-recommends" \
			"$(printf '%s' "$wanted" | cut -d'|' -f1 | tr '\n' ' ')"
		exit 1
	fi
	sudo=sudo
fi

packages=$(printf '%s' "$wanted" | cut -d'|' -f1 | sort -u)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Installing with apt-get ..."
# --no-install-recommends: recommended gcc-multilib would remove the cross gcc
# shellcheck disable=SC2086
if { $sudo apt-get -q update && $sudo env DEBIAN_FRONTEND=noninteractive \
	apt-get -q install -y --no-install-recommends $packages; } \
	>"$log" 2>&1; then
	echo "Installed."
else
	tail -n 25 "$log"
	echo "apt-get failed; what it said last stands above."
	exit 1
fi
