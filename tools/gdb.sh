#!/bin/sh
# gdb.sh O QEMU-ARGS...: boots O/swapper.elf in QEMU, stopped at reset, with GDB
# attached in this terminal. QEMU ends when GDB does. Called by `make gdb`.
#
# From the environment (make gdb NAME=VALUE sets them):
#
#   CMDLINE     the kernel command line
#   GDB_ISO=1   boot O/swapper.iso through GRUB instead (CMDLINE is in the ISO)
#   GDB_TTY     serial console on that terminal, e.g. /dev/pts/3; without it
#               what the kernel prints goes to O/gdb-serial.log
#   GDB_ARGS    more arguments for GDB, e.g. GDB_ARGS='-x my.gdb'
#   GDB, QEMU, QEMU_FLAGS   the programs, and more options for QEMU

set -eu

[ $# -ge 1 ] || { echo "usage: $0 O QEMU-ARGS..." >&2; exit 2; }
O=$1
shift
root=$(dirname "$0")/..

case ${GDB_ISO:-} in
''|0)	set -- "$@" -kernel "$O/swapper.elf" -append "${CMDLINE:-}" ;;
*)	set -- "$@" -cdrom "$O/swapper.iso" ;;
esac

if [ -n "${GDB_TTY:-}" ]; then
	[ -c "$GDB_TTY" ] || { echo "GDB_TTY=$GDB_TTY: no terminal" >&2; exit 2; }
	set -- "$@" -serial "$GDB_TTY"
	echo "Serial console: $GDB_TTY (keep its shell quiet: run \`sleep inf\`)"
else
	set -- "$@" -serial "file:$O/gdb-serial.log"
	echo "Serial console: $O/gdb-serial.log (follow it with tail -f)"
fi

dir=$(mktemp -d)
qemu=
# shellcheck disable=SC2317
finish() {
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :
	[ -z "$qemu" ] || wait "$qemu" 2>/dev/null || :
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 143' TERM
# Ctrl-C stops the kernel: it is GDB's, neither this script's nor QEMU's, which
# gets a session of its own. The shell hears of a closed terminal or a kill only
# when GDB has ended, and GDB waits for QEMU: so QEMU's keeper ends it then.
trap : INT
keeper='
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
qemu = subprocess.Popen(sys.argv[1:], start_new_session=True)
for number in (signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, lambda *_: qemu.terminate())
sys.exit(qemu.wait())
'

# shellcheck disable=SC2086
python3 -c "$keeper" \
	"${QEMU:-qemu-system-i386}" "$@" -display none -monitor none \
	-no-reboot -S -gdb chardev:gdb \
	-chardev "socket,path=$dir/gdb,server=on,wait=off,id=gdb" \
	${QEMU_FLAGS:-} < /dev/null > "$dir/log" 2>&1 &
qemu=$!

tries=100
until [ -S "$dir/gdb" ]; do
	tries=$((tries - 1))
	if [ $tries -eq 0 ] || ! kill -0 "$qemu" 2>/dev/null; then
		echo "QEMU did not start:" >&2
		cat "$dir/log" >&2
		exit 1
	fi
	sleep 0.1
done

status=0
# shellcheck disable=SC2086
"${GDB:-gdb}" -q -d "$root" "$O/swapper.elf" \
	-x "$root/tools/gdb/swapper.gdb" -ex "target remote $dir/gdb" \
	${GDB_ARGS:-} || status=$?
cat "$dir/log"
exit $status
