"""The machine matrix: the kernel on every PC that it claims to run on.

A module here with a function `tests(ctx)` is a plug-in of tests/run.py; the
others serve them:

    harness.py    Test, Failure, Skip, Context, Journal: what every plug-in uses
    qemu.py       one QEMU: its serial line, its monitor, how it ended
    ktap.py       the one reader of test reports
    model.py      what a machine must look like, computed from its description
    reports.py    what kernel and QEMU say, as data
    image.py      the kernel's ELF file and symbols, ISOs, modules
    stub.py       boot information of our own making (with stub.S)
"""
