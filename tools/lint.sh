#!/bin/sh
# The static checkers, and the rules of the house that a program can check.
#
#   tools/lint.sh [text|layers|sparse|cppcheck|bugprone|analyzer]...
#
# Without arguments all of them; the last two are clang-tidy's, and the last one
# takes longer than all others together. Ends with `lint: clean`, or lists what it found
# and fails. A checker that is not installed is named and passed over. CC is
# the compiler whose headers (stdint.h and the like) sparse is to read.

set -u
export LC_ALL=C

cd "$(dirname "$0")/.." || exit 1

# --- rules about text ---------------------------------------------------------

# Lines of 80 columns (a tab goes to the next multiple of 8), files of 800
# lines, functions of 60 (from the opening brace to the closing one: the house
# keeps both in the first column), no blanks at the end of a line.
check_text() {
	find boot include kernel mm tests/kernel tests/bench -name '*.[chS]' -o -name '*.ld' |
		sort | xargs awk "$text_rules"
	find . -path ./.git -prune -o -path ./build -prune -o -path ./toolchain \
		-prune -o -name __pycache__ -prune -o -type f ! -name '*.[chS]' \
		! -name '*.ld' ! -name compile_commands.json -print | sort |
		sed 's|^./||' | xargs grep -I -n '[[:blank:]]$' |
		sed 's/:\([0-9]*\):.*/:\1: blanks at the end/'
}

# shellcheck disable=SC2016
text_rules='
function complain(line, what) { print FILENAME ":" line ": " what }
function width(s,    parts, n, i, w) {
	n = split(s, parts, "\t")
	for (i = 1; i < n; i++) {
		w += length(parts[i])
		w += 8 - w % 8
	}
	return w + length(parts[n])
}
width($0) > 80 { complain(FNR, width($0) " columns") }
/[ \t]$/ { complain(FNR, "blanks at the end") }
FNR == 801 { complain(FNR, "more than 800 lines") }
/^\{/ { opened = FILENAME ~ /\.[ch]$/ ? FNR : 0 }
/^\}/ {
	if (opened && FNR - opened + 1 > 60)
		complain(opened, "a function of " FNR - opened + 1 " lines")
	opened = 0
}'

# --- the checkers, one file at a time -----------------------------------------

# sparse knows no __float128, which gcc's stddef.h mentions. Left out: what it
# says about `sizeof` of a structure that ends in [], about `{ 0 }`, the cost of
# subtracting pointers, about a do without braces, and about 64-bit constants
# without LL, which C gives the right type by itself.
check_sparse() {
	# it does not understand clang's headers
	case ${CC:-clang} in
	*clang*) gcc=gcc ;;
	*)	gcc=$CC ;;
	esac
	sparse -m32 -std=gnu11 -ffreestanding -nostdinc -Iinclude \
		-isystem "$($gcc -print-file-name=include)" \
		-D__i386__ -D__i486__ '-D__float128=long double' \
		-Wsparse-all -Wno-flexible-array-sizeof \
		-Wno-ptr-subtraction-blows -Wno-do-while -Wno-constant-suffix \
		-Wno-universal-initializer \
		"$1" 2>&1
}

# comparePointers, pointerOutOfBounds: begin and end of a table are symbols of
#	the linker script, of one object though cppcheck sees two
# selfAssignment: `*byte = *byte` through volatile is a write to test the page
# uninitvar: in pgtable.c an asm statement sets it
# returnDanglingLifetime: a function that is given &a returns a sentence
# legacyUninitvar: set in the line before, which calls a function of the suite
# varFuncNullUB: printf is called with NULL, to see it print (null); on i386 a
#	null pointer is passed like an int
# staticStringCompare, memsetValueOutOfRange: the tests of strcmp and memset
check_cppcheck() {
	cppcheck --quiet --platform=unix32 --std=c11 -Iinclude \
		--enable=warning,portability,performance \
		--inline-suppr --error-exitcode=1 \
		--suppress=comparePointers --suppress=pointerOutOfBounds \
		--suppress=selfAssignment \
		--suppress=uninitvar:mm/table/pgtable.c \
		--suppress=returnDanglingLifetime:kernel/srat.c \
		'--suppress=legacyUninitvar:tests/kernel/*' \
		'--suppress=varFuncNullUB:tests/kernel/*' \
		'--suppress=staticStringCompare:tests/kernel/*' \
		'--suppress=memsetValueOutOfRange:tests/kernel/*' \
		--template='{file}:{line}: {severity}: {message} [{id}]' \
		"$1" 2>&1
}

# .clang-tidy says what it looks for. In tests small constants are multiplied,
# structures compared with their padding, and functions misused on purpose.
clang_tidy() {	# clang_tidy FILE CHECKS-TO-LEAVE-OUT
	checks=$2
	case $1 in
	tests/*) for check in implicit-widening-of-multiplication-result \
			narrowing-conversions not-null-terminated-result \
			suspicious-memory-comparison suspicious-memset-usage \
			too-small-loop-variable; do
			checks="$checks,-bugprone-$check"
		done
		checks="$checks,-clang-analyzer-unix.Malloc" ;;
	esac
	said=$(clang-tidy --quiet --config-file=.clang-tidy \
		"--checks=$checks" "$1" -- --target=i686-elf -march=i486 \
		-std=gnu11 -ffreestanding -Iinclude 2>&1) && return
	# its messages only, without the source lines
	found=$(printf '%s\n' "$said" |
		sed -n "s|^$PWD/||; s|,-warnings-as-errors\\]|]|
			/^[^ ]*:[0-9]*:[0-9]*: /p")
	printf '%s\n' "${found:-$1: clang-tidy says: $said}"
}

check_bugprone() {
	clang_tidy "$1" '-clang-analyzer-*'
}

check_analyzer() {
	clang_tidy "$1" '-bugprone-*'
}

if test "${1:-}" = --one; then
	found=$(check_"$2" "$3")
	test -n "$found" && printf '%s\n' "$found"
	exit 0
fi

# --- all of them --------------------------------------------------------------

report=$(mktemp) || exit 1
trap 'rm -f "$report"' EXIT
trap 'exit 130' INT TERM

run() {	# run CHECKER TOOL: over every C file, on all cores
	if ! command -v "$2" >/dev/null 2>&1; then
		echo "lint: $2 is not installed: $1 passed over"
		return
	fi
	find boot kernel mm tests/kernel tests/bench -name '*.c' | sort |
		xargs -P "$(nproc)" -n 1 tools/lint.sh --one "$1" \
		>>"$report" 2>&1 || echo "$2 broke off" >>"$report"
}

# shellcheck disable=SC2048
for checker in ${*:-text layers sparse cppcheck bugprone analyzer}; do
	case $checker in
	text)		check_text >>"$report" 2>&1 ;;
	layers)		python3 tools/layers.py >>"$report" 2>&1 ;;
	sparse|cppcheck) run "$checker" "$checker" ;;
	bugprone|analyzer) run "$checker" clang-tidy ;;
	*)		echo "lint: there is no checker $checker" >&2; exit 2 ;;
	esac
done

if test -s "$report"; then
	# a header's finding comes once for every file that includes it
	awk '!seen[$0]++' "$report"
	echo "lint: see above"
	exit 1
fi
echo "lint: clean"
