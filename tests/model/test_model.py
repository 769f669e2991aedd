"""spin looks at every order in which the steps of a model can fall.

The model as it stands must have no state in which nothing can go on; with each
of the mistakes that its head lists, spin must find one.
"""

import re

from machines.harness import Test, require, run_command

MODELS = ("wait",)


def tests(ctx):
    """For each model: it is right, and each mistake is found."""
    for name in MODELS:
        yield Test(f"model.{name}.is-right",
                   lambda journal, name=name: check(ctx, journal, name, None))
        for mistake in mistakes(ctx, name):
            yield Test(f"model.{name}.{mistake.lower().replace('_', '-')}",
                       lambda journal, name=name, mistake=mistake:
                       check(ctx, journal, name, mistake))


def source(ctx, name):
    """The file of a model."""
    return ctx.root / "tests" / "model" / f"{name}.pml"


def mistakes(ctx, name):
    """The names behind -D in the head of the model."""
    found = re.findall(r"^ \*\t-D(\w+)", source(ctx, name).read_text(encoding="utf-8"),
                       re.M)
    return found or ["NO_MISTAKES_LISTED"]


def check(ctx, journal, name, mistake):
    """spin and the program that it makes; what that found."""
    folder = journal.scratch
    defines = [f"-D{mistake}"] if mistake else []
    run_command(["spin", "-Pclang -E -x c", *defines, "-a", str(source(ctx, name))], 60,
                "build failed", cwd=folder)
    run_command(["clang", "-O1", "-w", "-DSAFETY", "-o", "pan", "pan.c"], 60,
                "build failed", cwd=folder)
    output = run_command(["./pan", "-n"], 60, "failed case", cwd=folder)
    journal.note(output)
    errors = re.search(r"errors: (\d+)", output)
    states = re.search(r"(\d+) states, stored", output)
    require(errors and states, "lost output", "pan says nothing")
    require("max search depth too small" not in output, "broken test",
            "the search was cut short")
    if mistake:
        require(int(errors[1]) > 0, "failed case", "the mistake is not found")
    else:
        require(int(errors[1]) == 0, "failed case", f"{errors[1]} errors")
        require(int(states[1]) > 100, "broken test",
                f"only {states[1]} states were looked at")
