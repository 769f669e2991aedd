"""One deliberate mistake."""


class Break:
    """One deliberate mistake: where, what, and the case that must notice."""

    def __init__(self, name, path, old, new, caught_by, cpu="max", mem="64M",
                 options="", initrd=None, disk=None, floppy=False):
        self.name, self.path, self.old, self.new = name, path, old, new
        self.caught_by, self.cpu, self.mem = caught_by, cpu, mem
        self.options, self.initrd = options, initrd
        self.disk = disk        # "one", "two", "bad", "large"
        self.floppy = floppy    # a medium marked for the suite
