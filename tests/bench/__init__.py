"""Benchmarks: guest instructions counted under -icount.

bench.c and its neighbours measure inside the kernel; here is what boots them.

    run.py          boots, reads, compares; `make bench`
    test_bench.py   the plug-in of tests/run.py
    baseline.json   what each case took when it was last looked at
    baseline.cc     the compiler that made the kernel of the baseline
    linux-6.1.json  what Linux 6.1 takes for the same, in the same emulator
"""
