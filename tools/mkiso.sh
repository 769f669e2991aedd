#!/bin/sh
# mkiso.sh KERNEL ISO CMDLINE [MODULE...]: a bootable ISO with GRUB in it.
#
# The menu entry is started at once; GRUB says nothing but errors. Modules are
# handed over under their file names.

set -eu

kernel=$1 iso=$2 cmdline=$3
shift 3

grub-file --is-x86-multiboot2 "$kernel" || {
	echo "$kernel has no multiboot2 header where GRUB looks for it" >&2
	exit 1
}

tree=$(mktemp -d)
log=$tree.log			# not in the tree: it would be in the ISO
trap 'rm -rf "$tree" "$log"' EXIT
mkdir -p "$tree/boot/grub"
# GRUB loads every section, those for the debugger, too: they would not fit into
# a machine of 4 MB
"${OBJCOPY:-objcopy}" --strip-all "$kernel" "$tree/boot/swapper.elf"
# GRUB takes these characters apart; a backslash keeps them
quoted=$(printf '%s' "$cmdline" | sed 's/[$#;&|<>{}\\'"'"']/\\&/g')
{
	echo 'set timeout=0'
	echo 'menuentry swapper {'
	printf '\tmultiboot2 /boot/swapper.elf %s\n' "$quoted"
	for module in "$@"; do
		name=$(basename "$module")
		cp "$module" "$tree/boot/$name"
		printf '\tmodule2 /boot/%s %s\n' "$name" "$name"
	done
	echo '	boot'
	echo '}'
} > "$tree/boot/grub/grub.cfg"

# Only the modules that the menu needs, and those for partitions, which
# grub-mkrescue loads by itself: 1 MB instead of 10
modules='multiboot2 normal iso9660 biosdisk'
for label in acorn amiga apple bsd dfly dvh gpt msdos plan sun sunpc; do
	modules="$modules part_$label"
done
if ! grub-mkrescue --install-modules="$modules" \
	--locales= --fonts= --themes= -d /usr/lib/grub/i386-pc \
	-o "$iso" "$tree" > "$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
