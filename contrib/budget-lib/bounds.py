"""What a figure may rise to, and what it says when it does."""

# For each kind: the bound on a machine that is like the recorded one in what matters to the kind, what matters, and
# the bound elsewhere (None: not compared). Percent.
BOUNDS = {
    # Same compiler, same code. Valgrind shows every processor with AVX2 the same face, without SHA and AVX-512: what is
    # counted is ring's SHA-256 for AVX, where most real ones are shorter; one without AVX2 takes other paths through memchr,
    # too. Another compiler may be some percent better or worse.
    "code": (5, ("arch", "rustc", "avx2", "processors"), 15),
    # malloc, memcpy and the loader are libc's, in the version that this valgrind runs.
    "libc": (5, ("arch", "rustc", "libc", "avx2", "valgrind", "processors"), None),
    # What the program asks for is its own. An allocation more costs hardly half a percent of instructions: it is seen here.
    "count": (5, ("arch", "processors"), 10),
    "size": (5, ("arch", "rustc"), 10),
    # A third of it is libc's and the kernel's: pages of the libraries, the allocator's own habits.
    "memory": (5, ("arch", "libc", "rustc", "processors"), 15),
    # How often it waits depends on who is faster: under load these varied by 12 %.
    "waits": (25, ("arch",), 50),
}

LOOK = {
    "code": "where: build with names, `cargo rustc --release --bin newsagg -- -C strip=none -C debuginfo=1` (or "
            "`--example budget`),\n  then `contrib/budget --no-build --only NAME --keep DIR` and `callgrind_annotate` of DIR/NAME*.callgrind, before and after",
    "count": "where: `contrib/budget --only NAME --keep DIR` before and after; allocations are in DIR/*.dhat (dh_view.html of valgrind,\n"
             "  with names as for instructions), system calls in DIR/round.strace and DIR/again.strace",
    "size": "where: `nm --size-sort -C` of a binary built with `-C strip=none`, before and after",
    "memory": "where: `valgrind --tool=dhat` or `--tool=massif` of the round: what was alive at its peak",
}
LOOK["libc"] = LOOK["code"]
LOOK["waits"] = LOOK["count"]

# A figure that fell by more than this had better be recorded, so that it stays there.
FELL = 5


class Verdict:
    """One row of the table."""

    def __init__(self, name, recorded, measured, change, bound, word):
        self.name, self.recorded, self.measured = name, recorded, measured
        self.change, self.bound, self.word = change, bound, word

    @property
    def bad(self):
        return self.word in ("ROSE", "NOT RECORDED")


def bound(kind, here, made):
    """Percent that a figure of this kind may rise, and what is different here; None: not compared."""
    near, matters, far = BOUNDS[kind]
    differs = [key for key in matters if here.get(key) != made.get(key)]
    if "arch" in differs and kind != "count":
        return None, differs
    return (far if differs else near), differs


def judge(name, kind, recorded, measured, here, made):
    """Holds a figure against the record."""
    if recorded is None:
        return Verdict(name, None, measured, None, None, "NOT RECORDED")
    change = (measured / recorded - 1) * 100 if recorded else (0 if measured == 0 else float("inf"))
    limit, differs = bound(kind, here, made)
    if limit is None:
        return Verdict(name, recorded, measured, change, None, f"not compared: another {', '.join(differs)}")
    if 100 * measured > (100 + limit) * recorded:
        word = "ROSE"
    elif 100 * measured < (100 - FELL) * recorded:
        word = f"fell: contrib/budget --update {name}"
    else:
        word = "" if not differs else f"another {', '.join(differs)}"
    return Verdict(name, recorded, measured, change, limit, word)


def table(verdicts):
    """For people."""
    def number(n):
        return "-" if n is None else f"{n:,}"

    rows = [("figure", "recorded", "measured", "change", "bound", "")]
    for v in verdicts:
        change = "-" if v.change is None else f"{v.change:+.2f} %"
        rows.append((v.name, number(v.recorded), number(v.measured), change, "-" if v.bound is None else f"+{v.bound} %", v.word))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:5], widths[1:])), row[5]]).rstrip()
                     for row in rows)
