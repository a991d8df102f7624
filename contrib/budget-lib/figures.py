"""What is measured: one function for each group, and what its figures are."""

import json
import statistics

import system
import valgrind

# Answers of the APIs as they came, read by the program itself.
APIS = {
    "newsapi": ["top-headlines", "authors"],
    "guardian": ["search", "front-page"],
    "hackernews": ["item-story", "items-of-a-mirror", "algolia-front-page"],
    "github": ["events", "releases", "search-repositories"],
    "reddit": ["list"],
}
AGAIN = 10


def reading(yard, fixtures):
    at = yard.place("reading")
    once, thrice = (valgrind.instructions(yard, f"reading-{n}", [yard.cost, "read", n], at) for n in (1, 3))
    each = (thrice - once) // 2
    return {"reading": each.own, "reading-libc": each.libraries}


def rss(yard, fixtures):
    at = yard.place("rss")
    once, thrice = (valgrind.allocated(yard, f"rss-{n}", [yard.cost, "rss", n], at) for n in (1, 3))
    return {"rss-allocations": (thrice[1] - once[1]) // 2, "rss-allocated": (thrice[0] - once[0]) // 2}


def merging(yard, fixtures):
    at = yard.place("merging")
    none, once = (valgrind.instructions(yard, f"merging-{n}", [yard.cost, "merge", n], at) for n in (0, 1))
    each = once - none
    return {"merging": each.own, "merging-libc": each.libraries, "merging-allocations": each.allocations}


def apis(yard, fixtures):
    at, each = yard.place("apis"), valgrind.Counted(0, 0, 0)
    for kind, names in APIS.items():
        for name in names:
            (at / f"{name}.json").write_bytes((fixtures / kind / f"{name}.json").read_bytes())
        files = [f"{name}.json" for name in names]
        few, many = (valgrind.instructions(yard, f"apis-{kind}-{n}", [yard.newsagg, "parse", "--kind", kind, *files * n], at)
                     for n in (1, 1 + AGAIN))
        each += many - few
    each //= AGAIN
    return {"apis": each.own, "apis-libc": each.libraries}


def start(yard, fixtures):
    at = yard.place("start")
    version = valgrind.instructions(yard, "start", [yard.newsagg, "--version"], at)
    yard.config(at, 80, 20)
    config = valgrind.instructions(yard, "config", [yard.newsagg, "check", "-c", "n.toml"], at)
    (at / "a.xml").write_bytes((fixtures / "feed/media.xml").read_bytes())
    file = valgrind.instructions(yard, "file", [yard.newsagg, "once", "-q", "./a.xml", "-o", "feed.json"], at)
    return {"start": version.own + version.libraries, "config": config.own, "file": file.own, "file-libc": file.libraries}


def rounds(yard, fixtures):
    at = yard.place("round")
    with yard.web() as port:
        yard.config(at, port, 100)
        first = valgrind.instructions(yard, "round", yard.once(), at)
        again = valgrind.instructions(yard, "again", yard.once(), at)
    return {"round": first.own, "round-libc": first.libraries, "round-allocations": first.allocations,
            "again": again.own, "again-libc": again.libraries, "again-allocations": again.allocations}


def allocated(yard, fixtures):
    at = yard.place("allocated")
    with yard.web() as port:
        yard.config(at, port, 100)
        first, _ = valgrind.allocated(yard, "round", yard.once(), at)
        again, _ = valgrind.allocated(yard, "again", yard.once(), at)
    return {"round-allocated": first, "again-allocated": again}


def size(yard, fixtures):
    return {"size": yard.newsagg.stat().st_size}


def memory(yard, fixtures):
    at, figures = yard.place("memory"), {}
    with yard.web() as port:
        for sources, times in ((20, 15), (1000, 5)):
            peaks = []
            for _ in range(times):
                yard.config(at, port, sources)
                peaks.append(system.peak(yard, yard.once(), at))
            figures[f"memory-{sources}"] = statistics.median(peaks)
    return figures


def calls(yard, fixtures):
    """The least of three: what is done besides only ever adds."""
    at, runs = yard.place("calls"), []
    with yard.web() as port:
        for _ in range(3):
            yard.config(at, port, 100)
            run = {}
            for name in "round", "again":
                seen = system.traced(yard, name, yard.once("--report", "report.json"), at)
                report = json.loads((at / "report.json").read_text())
                run |= {f"{name}-calls": seen.work, f"{name}-waits": seen.waits,
                        f"{name}-sent": seen.sent // report["requests"],
                        f"{name}-files": report["written"]["files"], f"{name}-written": report["written"]["bytes"]}
            runs.append(run)
    return {name: min(run[name] for run in runs) for name in runs[0]}


# A group: what it needs, how it is measured, and whether it must have the machine for itself.
GROUPS = {
    "merging": ("valgrind", merging, False),
    "round": ("valgrind", rounds, False),
    "allocated": ("valgrind", allocated, False),
    "apis": ("valgrind", apis, False),
    "reading": ("valgrind", reading, False),
    "rss": ("valgrind", rss, False),
    "start": ("valgrind", start, False),
    "size": (None, size, True),
    "memory": ("strace", memory, True),
    "calls": ("strace", calls, True),
}

CODE = "callgrind, instructions in the program's own code"
LIBC = "callgrind, instructions in the libraries beneath it: memory, copying, loading"
FIRST = "a round of 100 feeds of 40 kB on loopback, all new"
SECOND = "the same again, all answers 304"

# name: (group, unit, kind, what it is). Kinds are bounds, see `bounds.py`.
FIGURES = {
    "reading": ("reading", "instructions", "code", f"ten feeds, 6 of tests/fixtures and 4 of 40 kB, from bytes to items; {CODE}"),
    "reading-libc": ("reading", "instructions", "libc", f"the same; {LIBC}"),
    "apis": ("apis", "instructions", "code", f"12 answers of 5 APIs of tests/fixtures, by `newsagg parse`; {CODE}"),
    "apis-libc": ("apis", "instructions", "libc", f"the same; {LIBC}"),
    "merging": ("merging", "instructions", "code", f"100 sources of 60 items, ranked, joined, unpacked; {CODE}"),
    "merging-libc": ("merging", "instructions", "libc", f"the same; {LIBC}"),
    "merging-allocations": ("merging", "calls", "count", "the same; callgrind, calls to malloc, calloc, realloc"),
    "round": ("round", "instructions", "code", f"{FIRST}; {CODE}"),
    "round-libc": ("round", "instructions", "libc", f"the same; {LIBC}"),
    "round-allocations": ("round", "calls", "count", "the same; callgrind, calls to malloc, calloc, realloc"),
    "round-allocated": ("allocated", "bytes", "count", "the same; dhat, bytes asked for in all"),
    "again": ("round", "instructions", "code", f"{SECOND}; {CODE}"),
    "again-libc": ("round", "instructions", "libc", f"the same; {LIBC}"),
    "again-allocations": ("round", "calls", "count", "the same; callgrind, calls to malloc, calloc, realloc"),
    "again-allocated": ("allocated", "bytes", "count", "the same; dhat, bytes asked for in all"),
    "start": ("start", "instructions", "libc", "`newsagg --version`; callgrind, all instructions, nearly all of them the loader's"),
    "config": ("start", "instructions", "code", f"`newsagg check` of a config of 20 feeds; {CODE}"),
    "file": ("start", "instructions", "code", f"`newsagg once` of one local file, merged and written; {CODE}"),
    "file-libc": ("start", "instructions", "libc", f"the same; {LIBC}"),
    "rss-allocations": ("rss", "blocks", "count", "one RSS feed of 40 kB from bytes to items; dhat, blocks"),
    "rss-allocated": ("rss", "bytes", "count", "the same; dhat, bytes asked for in all"),
    "size": ("size", "bytes", "size", "the stripped binary"),
    "memory-20": ("memory", "kB", "memory", "a round of 20 feeds of 40 kB; VmHWM at exit, the median of 15"),
    "memory-1000": ("memory", "kB", "memory", "a round of 1,000 feeds of 40 kB, 32 workers; VmHWM at exit, the median of 5"),
    "round-calls": ("calls", "calls", "count", f"{FIRST}; strace on one processor, all but waiting and the allocator's, the least of 3"),
    "round-waits": ("calls", "calls", "waits", "the same; those of waiting: epoll, timers, wake-ups, locks, reads of sockets"),
    "round-sent": ("calls", "bytes", "count", "the same; given to sockets, for each request"),
    "round-files": ("calls", "files", "count", "the same; made, replaced or added to, by `--report`"),
    "round-written": ("calls", "bytes", "count", "the same; written to them, by `--report`"),
    "again-calls": ("calls", "calls", "count", f"{SECOND}; strace on one processor, all but waiting and the allocator's, the least of 3"),
    "again-waits": ("calls", "calls", "waits", "the same; those of waiting"),
    "again-sent": ("calls", "bytes", "count", "the same; given to sockets, for each request"),
    "again-files": ("calls", "files", "count", "the same; made, replaced or added to, by `--report`"),
    "again-written": ("calls", "bytes", "count", "the same; written to them, by `--report`"),
}
