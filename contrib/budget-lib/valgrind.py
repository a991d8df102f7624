"""Instructions and allocations, as valgrind counts them."""

import collections
import re

# What the program calls to get memory, by any of its names.
ALLOCATOR = re.compile(r"(__libc_|__)?(malloc|calloc|realloc|(posix_)?memalign|aligned_alloc)(@.*)?$")
# `calls=`, then one line with the inclusive cost of that call, which is not the caller's own.
NAMED = re.compile(r"(c?ob|c?fn)=\((\d+)\)(?: (.*))?")


class Counted:
    """Of one run: instructions of the program itself, of the libraries beneath it, calls to the allocator."""

    def __init__(self, own, libraries, allocations):
        self.own, self.libraries, self.allocations = own, libraries, allocations

    def __sub__(self, other):
        return Counted(self.own - other.own, self.libraries - other.libraries, self.allocations - other.allocations)

    def __add__(self, other):
        return Counted(self.own + other.own, self.libraries + other.libraries, self.allocations + other.allocations)

    def __floordiv__(self, times):
        return Counted(self.own // times, self.libraries // times, self.allocations // times)


def counted(lines, program):
    """Reads what callgrind wrote about `program`, the path of an executable."""
    objects, functions = {}, {}
    here = callee = None
    cost, allocations, of_callee = collections.Counter(), 0, False
    for line in lines:
        if line[:1].isdigit() or line[:1] in "+-*":
            if not of_callee:
                cost[here] += int(line.split()[1])
            of_callee = False
        elif line.startswith("calls="):
            of_callee = True
            if here == program and ALLOCATOR.match(callee):
                allocations += int(line[6:].split()[0])
        else:
            named = NAMED.match(line)
            if not named:
                continue
            kind, number, name = named.groups()
            table = objects if kind.endswith("ob") else functions
            if name:
                table[number] = name
            if kind == "ob":
                here = table[number]
            elif kind == "cfn":
                callee = table[number]
    if not cost[program]:
        raise RuntimeError(f"callgrind saw nothing of {program}, but of {', '.join(filter(None, cost))}")
    return Counted(cost[program], sum(cost.values()) - cost[program], allocations)


def instructions(yard, name, argv, cwd):
    """Counts one run. The file stays for `--keep`."""
    file = yard.file(f"{name}.callgrind")
    yard.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={file}", *argv], cwd)
    with open(file, encoding="utf-8", errors="replace") as lines:
        return counted(lines, str(argv[0]))


def allocated(yard, name, argv, cwd):
    """Bytes that were asked for in one run, and in how many blocks."""
    said = yard.run(["valgrind", "--tool=dhat", f"--dhat-out-file={yard.file(name + '.dhat')}", *argv], cwd)
    return total(said)


def total(said):
    """What dhat says at its end."""
    found = re.search(r"Total: +([\d,]+) bytes in ([\d,]+) blocks", said)
    if not found:
        raise RuntimeError(f"dhat said no total:\n{said[-1000:]}")
    return tuple(int(number.replace(",", "")) for number in found.groups())
