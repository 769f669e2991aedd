"""The machine matrix: the kernel on every PC that it claims to run on.

A module here with a function `tests(ctx)` is a plug-in of tests/run.py:

    matrix.py       each row of rows.py: one boot, judged from outside and inside
    bad_info.py     boot information that lies
    limits.py       too little RAM; exit statuses
    deaths.py       boots that must end in a readable panic
    failures.py     fail=: requests that fail on purpose
    prompt.py       commands and keys over the serial line, poweroff, reboot
    consoles.py     VGA text, debug port, no serial port
    floppy.py       marked media in floppy drives, compared afterwards
    determinism.py  two runs are alike to the byte
    disks.py        IDE disks: images written by the one, read by the other
    soak.py         everything at once, with as much memory as there is, and more
    swap.py         areas of the host's mkswap: every word that went there
    timing.py       interrupts and time at other rates, exact and late
    bochs.py        the second, stricter PC
    selftest.py     does the runner see what it must see?

The others serve them:

    harness.py      Test, Failure, Skip, Context, Journal: for every plug-in
    qemu.py         one QEMU: its serial line, its monitor, how it ended
    ktap.py         the one reader of test reports
    rows.py         which machines there are
    model.py        what a machine must look like, from its description alone
    reports.py      what kernel and QEMU say, as data
    acpi.py         the ACPI tables that stand in memory
    loader.py       the modules that the boot loader left
    image.py        the kernel's ELF file and symbols, ISOs, modules
    stub.py         a boot loader of our own (with stub.S)
"""
