"""Where a round can be disturbed."""

import collections
import os
import re

import strace
from scenario import Point

# Into so many parts is what a round writes to a file cut.
PARTS = 8
# One in so many of a sample is such a cut.
SIZED = 8


def points(judge, scenario):
    """Every call of the round that touches what is watched with every fault it can meet, and torn writes."""
    yard = judge.yard
    judge.begin(scenario)
    sizes = {name: len(text) for name, text in files(yard)}
    calls = yard.run(scenario.args, traced=True, watch=scenario.watch).log
    counts, found = collections.Counter(), {}
    for call in calls:
        counts[call.thread, call.name] += 1
        sort, n = strace.sort_of(call), counts[call.thread, call.name]
        # strace counts for each thread; the first of them to come so far is the one that is hit.
        if sort and (call.name, n) not in found:
            what = call.args.replace(f"{yard.root}/", "")[:100]
            found[call.name, n] = [Point(scenario.name, fault, call.name, n, what) for fault in faults(call, sort)]
    cuts = set()
    for name, text in files(yard):
        least = sizes.get(name, 0) if sizes.get(name, 0) < len(text) else 0
        cuts |= {least + (len(text) - least) * part // PARTS for part in range(PARTS)}
    torn = [Point(scenario.name, fault, "write", size) for size in sorted(cuts) for fault in ("CUT", "FULL")]
    return [point for points in found.values() for point in points] + torn


def faults(call, sort):
    """The faults that a call can meet with."""
    # The standard library of Rust panics where a directory cannot be closed, which no disk brings about.
    folder = sort == "close" and any(os.path.isdir(path) for path in strace.paths(call))
    return ["KILL"] if folder else ["KILL", *strace.ERRORS[sort]]


def files(yard):
    for name in sorted(yard.names()):
        path = yard.root / name
        if path.is_file():
            yield name, path.read_bytes()


def changes(point):
    """Whether the call changes what is on the disk; the others only look."""
    if point.fault in ("CUT", "FULL"):
        return True
    changing = strace.SORTS["write"] | strace.SORTS["sync"] | strace.SORTS["name"] | strace.SORTS["resize"]
    changing |= {"unlink", "unlinkat", "chmod", "fchmod", "fchown", "flock"}
    return point.call in changing or "O_CREAT" in point.what


def sample(points, least):
    """At least `least` of them, as different as can be: one of each fault at each call with these words, then another."""
    sized = [point for point in points if point.fault in ("CUT", "FULL")]
    chosen = sized[::len(sized) * SIZED // least + 1]
    groups = collections.defaultdict(list)
    for point in points:
        if point not in sized:
            # What was read or written, and where in memory, makes no difference.
            words = point.what.split(",")
            words = words[:2] if words[0].startswith("AT_FDCWD") or point.call == "rename" else words[:1]
            groups[point.fault, point.call, re.sub(r"0x[0-9a-f]+|\d+", "", ",".join(words)), point.n].append(point)
    # Not always that of the first scenario.
    for n, group in enumerate(groups.values()):
        group[:] = group[n % len(group):] + group[:n % len(group)]
    for turn in range(max(map(len, groups.values()))):
        if len(chosen) < least:
            chosen += [group[turn] for group in groups.values() if turn < len(group)]
    return chosen
