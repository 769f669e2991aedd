"""The rows of the matrix: which machines the kernel must run on."""

from dataclasses import replace

from machines import ktap
from machines.model import Row
from machines.qemu import GB, KB, MB

OUT_OF_REACH = r"\d+ MB of RAM at and above 4 GB are out of reach"
ONLY_32_BITS = r"this CPU has PAE but only 32 address bits"
NO_PAE = r"pae: this CPU has none; ignored"

OF_WINDOWS = "highmem,kmap_atomic,kmap_check"
OF_TABLES = "cpu,cpuid,layout,memory,multiboot,paging"

RAM_SIZES = {
    "5M": 5 * MB, "8M": 8 * MB, "16M": 16 * MB, "64M": 64 * MB,
    "895M": 895 * MB, "896M": 896 * MB, "897M": 897 * MB, "1G": GB,
    "2G": 2 * GB, "3G": 3 * GB, "3.5G": 3584 * MB, "4G": 4 * GB,
    "6G": 6 * GB, "16G": 16 * GB, "61G": 61 * GB,
}


def ram_rows():
    """Each border: lowmem's end, 4 GB, the most QEMU has."""
    for name, size in RAM_SIZES.items():
        yield Row(f"ram-{name}", mem=size,
                  cpu="pentium3" if name == "61G" else "max")


def cpu_rows():
    """Each CPU, also where its RAM goes beyond what it reaches."""
    beyond = {
        "486": (OUT_OF_REACH,), "pentium": (OUT_OF_REACH,), "pentium3": (),
        "qemu32": (ONLY_32_BITS, OUT_OF_REACH), "max": (),
    }
    for cpu, warnings in beyond.items():
        yield Row(f"cpu-{cpu}-64M", cpu=cpu)
        yield Row(f"cpu-{cpu}-6G", cpu=cpu, mem=6 * GB, warnings=warnings)
    yield Row("cpu-pentium3-64M-pae", cpu="pentium3", cmdline="pae")
    yield Row("cpu-qemu32-64M-pae", cpu="qemu32", cmdline="pae",
              warnings=(ONLY_32_BITS,))
    yield Row("cpu-486-64M-pae", cpu="486", cmdline="pae", warnings=(NO_PAE,))


def feature_rows():
    """The newest CPU, less one feature or all of them."""
    for missing in ("pse", "pge", "pae", "nx", "pse,pge,pae,nx"):
        name = "none" if "," in missing else f"no-{missing}"
        cpu = "max," + ",".join(f"-{f}" for f in missing.split(","))
        without_pae = "pae" in missing
        cost = 30.0 if "pse" in missing else 2.0
        yield Row(f"feature-{name}-64M", cpu=cpu)
        yield Row(f"feature-{name}-64M-pae", cpu=cpu, cmdline="pae",
                  warnings=(NO_PAE,) if without_pae else ())
        yield Row(f"feature-{name}-6G", cpu=cpu, mem=6 * GB, cost=cost,
                  warnings=(OUT_OF_REACH,) if without_pae else ())


def option_rows():
    """The options that change what the machine is or how it is used."""
    half = 256 * MB
    yield Row("option-nopse", cmdline="nopse")
    yield Row("option-nopse-pae", cmdline="nopse pae")
    yield Row("option-mem=nopentium", cmdline="mem=nopentium")
    yield Row("option-nopge", cmdline="nopge")
    yield Row("option-nopae-6G", mem=6 * GB, cmdline="nopae",
              warnings=(OUT_OF_REACH,))
    yield Row("option-pae", cmdline="pae")
    yield Row("option-pae-nopae", cmdline="pae nopae",
              warnings=("pae and nopae contradict each other",))
    yield Row("option-noexec=off", cmdline="pae noexec=off")
    yield Row("option-nocpuid", cmdline="nocpuid")
    yield Row("option-nocpuid-6G", mem=6 * GB, cmdline="nocpuid",
              warnings=(OUT_OF_REACH,), cost=30.0)
    yield Row("option-highmem=64M", mem=half, cmdline="highmem=64M")
    yield Row("option-highmem=64M-pae", mem=half, cmdline="highmem=64M pae")
    for options in ("kmap_pool=1", "kmap_pool=7 pae debug=highmem"):
        yield Row(f"option-{options.replace(' ', '-')}", mem=half, cost=4.0,
                  cmdline=f"highmem=64M {options}", tests=OF_WINDOWS)
    for name, mem in (("1200M", 1200 * MB), ("4G", 4 * GB), ("6G", 6 * GB)):
        yield Row(f"windows-{name}", mem=mem, tests=OF_WINDOWS, cost=4.0)
    yield Row("option-debug=bounce", mem=half, cost=4.0,
              cmdline="highmem=64M debug=bounce",
              tests="block,block_fail,bounce,bounce_pool,ramdisk")
    yield Row("option-mem=100M", mem=half, cmdline="mem=100M")
    yield Row("option-mem=5G", mem=6 * GB, cmdline="mem=5G")
    yield Row("option-mem=2G-of-6G", mem=6 * GB, cmdline="mem=2G")
    yield Row("option-exactmap", mem=half, cmdline=(
        "memmap=exactmap memmap=640K@0 memmap=47M@1M memmap=64M@96M"))
    yield Row("option-exactmap-tables-in-ram", cmdline=(
        "memmap=exactmap,640K@0,63M@1M"))
    yield Row("option-memmap-hole", mem=half, cmdline="memmap=32M$64M")
    yield Row("option-memmap-odd", mem=half, cmdline=(
        "memmap=0x1234$0x2001001 memmap=1M#100M"))
    yield Row("option-vmalloc=256M", mem=GB, cmdline="vmalloc=256M")
    yield Row("option-vmalloc=32M", mem=GB, cmdline="vmalloc=32M")
    yield Row("option-quiet", cmdline="quiet")


def machine_rows():
    """The chipsets, oldest to newest."""
    yield Row("machine-q35", machine="q35")
    yield Row("machine-q35-2560M", machine="q35", mem=2560 * MB)
    yield Row("machine-q35-3G", machine="q35", mem=3 * GB)
    yield Row("machine-isapc", machine="isapc", cpu="486")
    yield Row("machine-isapc-8M", machine="isapc", cpu="486", mem=8 * MB)


def loader_rows():
    """Both boot protocols, with and without modules."""
    big = 60 * MB
    yield Row("grub-64M", loader="grub")
    yield Row("grub-8M", loader="grub", mem=8 * MB)
    yield Row("grub-6G", loader="grub", mem=6 * GB)
    yield Row("grub-q35", loader="grub", machine="q35")
    yield Row("grub-options", loader="grub", mem=256 * MB,
              cmdline="memmap=32M$64M pae nopge")
    yield Row("grub-module-1", loader="grub", modules=(1,))
    yield Row("grub-module-60M", loader="grub", modules=(big,), mem=80 * MB,
              cost=12.0)
    yield Row("grub-two-modules", loader="grub", modules=(5000, 1))
    yield Row("module-1", modules=(1,))
    yield Row("module-three", modules=(4 * KB, 4 * KB, 3))
    # 65 MB are the least that boots (measured); with what is left the suites
    # that need memory cannot run
    yield Row("module-60M-66M", modules=(big,), mem=66 * MB, tests=OF_TABLES)
    yield Row("module-60M-1G", modules=(big,), mem=GB)
    yield Row("module-60M-nopse-pae", modules=(big,), cmdline="nopse pae",
              mem=66 * MB, tests=OF_TABLES)
    yield Row("module-60M-486", modules=(big,), cpu="486", cmdline="nopse",
              mem=66 * MB, tests=OF_TABLES)


def ramdisk_rows():
    """RAM that mem= cut off, in the direct map and above; a boot module."""
    yield Row("ramdisk-16M", mem=128 * MB, cmdline="mem=64M ramdisk=16M",
              tests="ramdisk")
    yield Row("ramdisk-16M-highmem", mem=GB, tests="ramdisk",
              cmdline="mem=256M highmem=64M ramdisk=16M")
    yield Row("ramdisk-module", modules=(MB, 5000), tests="ramdisk",
              cmdline="ramdisk=module")


BAD_OPTIONS = (     # option, the warning, RAM
    ("mem=0", r"option mem=0: expected mem=SIZE", 64 * MB),
    ("mem=1T", r"option mem=1T: expected mem=SIZE", 64 * MB),
    ("mem=zzz", r"option mem=zzz: expected mem=SIZE", 64 * MB),
    ("mem=-1", r"option mem=-1: expected mem=SIZE", 64 * MB),
    ("mem=99999999999999999999", r"option mem=9{20}: expected", 64 * MB),
    ("mem", r"option mem: expected mem=SIZE", 64 * MB),
    ("memmap=zzz", r"option memmap=zzz: expected memmap=", 64 * MB),
    ("memmap=16M", r"option memmap=16M: expected", 64 * MB),
    ("memmap=16M$", r"option memmap=16M\$: expected", 64 * MB),
    ("memmap=0@16M", r"option memmap=0@16M: expected", 64 * MB),
    ("memmap=1M$16M,zzz", r"option memmap=1M\$16M,zzz: expected", 64 * MB),
    ("memmap=exactmap", r"memmap=exactmap without a SIZE@ADDR", 64 * MB),
    ("foo", r"option foo is unknown; ignored", 64 * MB),
    ("foo=bar", r"option foo is unknown; ignored", 64 * MB),
    ("=", r"option \"=\" has no name; ignored", 64 * MB),
    ("nopse=1", r"option nopse=1: expected nopse; ignored", 64 * MB),
    ("noexec=maybe", r"option noexec=maybe: expected noexec=on\|off",
     64 * MB),
    ("quiet=1", r"option quiet=1: expected quiet", 64 * MB),
    ("test=", r"option test=: expected test=", 64 * MB),
    ("highmem=zzz", r"option highmem=zzz: expected highmem=SIZE", 64 * MB),
    ("highmem=0", r"option highmem=0: expected highmem=SIZE", 64 * MB),
    ("highmem=32M", r"highmem=32M leaves less than 64 MB lowmem", 64 * MB),
    ("highmem=64M", r"highmem=64M: 1151 MB are above lowmem anyway", 2 * GB),
    ("vmalloc=1M", r"option vmalloc=1M: expected vmalloc=32M\.\.896M",
     64 * MB),
    ("vmalloc=1G", r"option vmalloc=1G: expected vmalloc=32M\.\.896M", GB),
    ("kmap_pool=0", r"option kmap_pool=0: expected kmap_pool=1\.\.1024",
     64 * MB),
    ("kmap_pool=1025", r"option kmap_pool=1025: expected kmap_pool=", 64 * MB),
    ("kmap_pool=2x", r"option kmap_pool=2x: expected kmap_pool=", 64 * MB),
    ("swappiness=101", r"option swappiness=101: expected swappiness=0\.\.100",
     64 * MB),
    ("swappiness=x", r"option swappiness=x: expected swappiness=", 64 * MB),
    ('mem="32M', r"option mem=32M: a quote is not closed; ignored", 64 * MB),
)


def bad_option_rows():
    """Each is reported and ignored: all is as without it."""
    for option, warning, mem in BAD_OPTIONS:
        yield Row(f"bad-option-{option}", mem=mem, cmdline=option, counts="",
                  warnings=(warning,), tests="cmdline", cost=1.0)
    # RAM that ends at 2^64: out of every CPU's reach
    yield Row("bad-option-ram-at-2-64", mem=64 * MB, cpu="pentium", tests="paging",
              cost=1.0, cmdline="memmap=4K@0xfffffffffffff000", counts="",
              warnings=(r"0 MB of RAM at and above \d+ GB are out of reach",))
    yield Row("bad-option-mem-twice", mem=128 * MB, tests="cmdline", cost=1.0,
              cmdline="mem=64M mem=32M", counts="mem=64M",
              warnings=(r"option mem=32M",))
    yield Row("bad-option-nopse-twice", tests="cmdline", cost=1.0,
              cmdline="nopse nopse", counts="nopse",
              warnings=(r"option nopse is given twice; the first counts",))


# One of each kind of machine: all suites run there. All rounds, too, where
# memory is small, where it is more than lowmem, and with PAE; the others of
# them differ in what no number of rounds finds.
WHOLE = {
    "ram-4M": "all", "option-highmem=64M-pae": "all",
    "ram-1G": ktap.SHORT, "ram-6G": ktap.ALL_BUT_THE_LONGEST,
    "cpu-486-64M": ktap.SHORT, "feature-none-64M-pae": ktap.SHORT,
}


def all_rows():
    """Every row, in the order of the list above."""
    for group in (ram_rows, cpu_rows, feature_rows, option_rows, machine_rows,
                  loader_rows, ramdisk_rows, bad_option_rows):
        for row in group():
            if row.name in WHOLE:
                row = replace(row, cost=20.0, tests=WHOLE[row.name])
            yield row
