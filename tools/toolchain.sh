#!/bin/sh
# Builds i686-elf binutils and gcc into toolchain/, from Debian's own sources.
#
#   tools/toolchain.sh		or: make toolchain
#
# It takes some 25 minutes on two idle cores, 1.5 GB while it builds and 130 MB
# when it is done; the Makefile finds the result by itself. JOBS=n limits it to
# n processes, GCC=n takes gcc-n-source instead of gcc-12-source. What a
# broken-off run has finished is not done again: call it once more. What the
# build says goes to toolchain/*.log.

set -u
# what was said to our make is not meant for gcc's
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL CC CXX CPP CPPFLAGS LDFLAGS \
	AS LD AR NM RANLIB OBJCOPY CROSS TARGET O V

cd "$(dirname "$0")/.." || exit 1
prefix=$(pwd)/toolchain
build=$prefix/build
jobs=${JOBS:-$(nproc)}
gcc=${GCC:-12}
target=i686-elf

fail() {
	echo "$*" >&2
	exit 1
}

# a compiler that compiles, links and finds its libgcc
works() {
	test -x "$prefix/bin/$target-gcc" || return 1
	echo 'unsigned long long f(unsigned long long a, int b) { return a / b; }' |
		"$prefix/bin/$target-gcc" -O2 -nostdlib -Wl,-r -x c - \
		-lgcc -o /dev/null 2>/dev/null
}

if works && ! test -d "$build"; then
	echo "toolchain/ is complete: $("$prefix/bin/$target-gcc" --version |
		head -n 1). To build it again, remove it first."
	exit 0
fi

case $prefix in
*[[:space:]]*)
	fail "gcc does not build below a folder with a space in its name:" \
		"$prefix" ;;
esac

# --- what it needs ------------------------------------------------------------

packages='' missing=''
need() {	# need PACKAGE FILE WHY
	packages="$packages $1"
	test -e "$2" || command -v "$2" >/dev/null 2>&1 ||
		missing="$missing$1|$3
"
}

include=/usr/include
multi=$include/$(gcc -print-multiarch 2>/dev/null)
header() {	# where HEADER is, or a name that does not exist
	if test -e "$multi/$1"; then echo "$multi/$1"; else echo "$include/$1"; fi
}

need binutils-source /usr/src/binutils 'the source of as, ld and objcopy'
need "gcc-$gcc-source" "/usr/src/gcc-$gcc" 'the source of the compiler'
need gcc gcc 'compiles them'
need g++ g++ 'compiles them: gcc is written in C++'
need make make 'runs their makefiles'
need xz-utils xz 'unpacks the sources'
need libgmp-dev "$(header gmp.h)" 'long integers, for constant folding'
need libmpfr-dev "$(header mpfr.h)" 'long floating point, for the same'
need libmpc-dev "$(header mpc.h)" 'complex numbers, for the same'
need bison bison 'generates parsers'
need flex flex 'generates scanners'

if test -n "$missing"; then
	echo "To build the toolchain, this machine lacks:"
	printf '%s' "$missing" | while IFS='|' read -r package why; do
		printf '  %-20s %s\n' "$package" "$why"
	done
	names=$(printf '%s' "$missing" | cut -d'|' -f1 | tr '\n' ' ')
	install="apt-get install -y --no-install-recommends $names"
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "It is made from Debian's source packages, and there is no"
		echo "apt-get here. An i686-elf-gcc from anywhere else does as well:"
		fail "put it on the PATH, or call make CROSS=/path/to/i686-elf-"
	fi
	sudo=''
	if test "$(id -u)" -ne 0; then
		command -v sudo >/dev/null 2>&1 ||
			fail "Not root and no sudo: as root, run
  $install"
		sudo=sudo
	fi
	mkdir -p "$prefix" || exit 1
	echo "Installing with ${sudo:+sudo }apt-get ..."
	# shellcheck disable=SC2086
	if ! { $sudo apt-get -q update && $sudo env \
		DEBIAN_FRONTEND=noninteractive $install; } \
		>"$prefix/apt.log" 2>&1; then
		tail -n 25 "$prefix/apt.log"
		fail "apt-get failed; what it said last stands above."
	fi
fi

find_source() {	# the one tar file in FOLDER whose name begins with NAME
	for tar in "$1/$2"-*.tar.*; do
		test -e "$tar" && echo "$tar" && return
	done
	fail "$1: no $2-*.tar.* in it"
}

binutils_tar=$(find_source /usr/src/binutils binutils) || exit 1
gcc_tar=$(find_source "/usr/src/gcc-$gcc" gcc) || exit 1

# --- the steps ----------------------------------------------------------------

ticker=''
stop_ticker() {
	test -n "$ticker" && kill "$ticker" 2>/dev/null
	ticker=''
}
trap stop_ticker EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# step LOG NAME COMMAND...: COMMAND once, in $build; its output goes to LOG
step() {
	log=$prefix/$1.log done=$build/done.$1.$2 what="$1: $2"
	shift 2
	if test -e "$done"; then
		echo "  $what: done before"
		return
	fi
	echo "  $what ..."
	started=$(date +%s)
	( while sleep 60; do
		now=$(date +%s)
		echo "      $what, $(((now - started) / 60)) min," \
			"$(wc -l <"$log") lines in the log"
	done ) </dev/null &
	ticker=$!
	echo "+ $*" >>"$log"
	( cd "$build" && "$@" ) </dev/null >>"$log" 2>&1
	status=$?
	stop_ticker
	if test $status -ne 0; then
		echo "$what failed; the end of $log:"
		tail -n 25 "$log"
		exit 1
	fi
	touch "$done"
}

unpack() {	# unpack TAR FOLDER
	rm -rf "$2" && mkdir "$2" && tar -xf "$1" -C "$2" --strip-components=1
}

# The flags of both: no debug information (a third of the time and the space),
# and no manuals (MAKEINFO=true).
export CFLAGS='-O2 -g0' CXXFLAGS='-O2 -g0'

configure_binutils() {
	rm -rf binutils && mkdir binutils && cd binutils &&
	../binutils-source/configure --target=$target --prefix="$prefix" \
		--with-sysroot --disable-nls --disable-werror --disable-gdb \
		--disable-gprofng --disable-sim
}

configure_gcc() {
	rm -rf gcc && mkdir gcc && cd gcc &&
	../gcc-source/configure --target=$target --prefix="$prefix" \
		--disable-nls --enable-languages=c --without-headers \
		--disable-bootstrap --disable-libssp --disable-libquadmath
}

build_make() {	# build_make FOLDER TARGET...
	cd "$1" && shift && make -j "$jobs" MAKEINFO=true "$@"
}

# Debian's source lacks gcc's manuals; without them the generator of the target
# hooks' manual would stop the installation. The new file says that it has run.
install_gcc() {
	touch gcc/gcc/s-tm-texi && build_make gcc install-strip-gcc
}

mkdir -p "$build" || exit 1
export PATH="$prefix/bin:$PATH"
echo "Building $target binutils and gcc into toolchain/ ($jobs at a time):"

step binutils unpack	unpack "$binutils_tar" binutils-source
step binutils configure	configure_binutils
step binutils make	build_make binutils
step binutils install	build_make binutils install-strip
rm -rf "$build/binutils" "$build/binutils-source"

# The compiler comes last: once it is there, the Makefile takes it.
step gcc unpack		unpack "$gcc_tar" gcc-source
step gcc configure	configure_gcc
step gcc make		build_make gcc all-gcc
step gcc libgcc		build_make gcc all-target-libgcc
step gcc install-libgcc	build_make gcc install-target-libgcc
step gcc install	install_gcc

works || fail "The compiler was built, but does not work:
  see $prefix/gcc.log"
rm -rf "$build"
echo "Done: $("$prefix/bin/$target-gcc" --version | head -n 1)," \
	"$(du -sh "$prefix" | cut -f1) in toolchain/. make takes it from now on."
