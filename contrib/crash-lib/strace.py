"""strace: how it is called, and what it wrote."""

import re
import shlex
from dataclasses import dataclass

# Errors that a call can meet with; a kill can meet all of them.
ERRORS = {
    "open": ["EIO", "EMFILE", "EINTR"],
    "create": ["ENOSPC", "EIO", "EMFILE", "EINTR"],
    "write": ["ENOSPC", "EIO", "EINTR"],
    "read": ["EIO", "EINTR"],
    "sync": ["ENOSPC", "EIO", "EINTR"],
    "name": ["ENOSPC", "EIO"],
    "resize": ["ENOSPC", "EIO", "EINTR"],
    "look": ["EIO"],
    "lock": ["EINTR"],
    "close": ["EIO", "EINTR"],
}
SORTS = {
    "open": {"open", "openat", "openat2"},
    "write": {"write", "pwrite64", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile"},
    "read": {"read", "pread64", "readv", "preadv", "preadv2"},
    "sync": {"fsync", "fdatasync", "sync_file_range", "syncfs"},
    "name": {"rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "mkdir", "mkdirat"},
    "resize": {"ftruncate", "truncate", "fallocate"},
    "look": {"stat", "fstat", "lstat", "newfstatat", "statx", "readlink", "readlinkat", "getdents64", "access",
             "faccessat", "faccessat2", "unlink", "unlinkat", "rmdir", "chmod", "fchmod", "fchmodat", "fchown", "fchownat"},
    "lock": {"flock"},
    "close": {"close"},
}
# A call that the signal handler interrupted is made again, by whoever is careful: these ones.
AGAIN = SORTS["open"] | SORTS["write"] | SORTS["read"] | SORTS["sync"] | SORTS["resize"] | SORTS["lock"] | SORTS["close"]

# What changes something, sends something, or says what has reached the disk.
NETWORK = {"connect", "sendto", "sendmsg"}


@dataclass
class Call:
    thread: str
    name: str
    args: str
    result: str

    def creates(self):
        return "O_CREAT" in self.args

    def __str__(self):
        return f"{self.name}({self.args}) = {self.result}"


def sort_of(call):
    """The key of `ERRORS`, or nothing."""
    sort = next((sort for sort, names in SORTS.items() if call.name in names), None)
    return "create" if sort == "open" and call.creates() else sort


def command(log, argv, inject, watch):
    """A shell takes the place of the program first: so its process id can stand in a path."""
    options = ["-D", "-f", "-y", "-qq", "-s", "96", "-o", str(log)]
    options += ["-e", "trace=%file,%desc,%network"] if watch is None else ["-e", "trace=%file,%desc"]
    if inject:
        options += ["-e", f"inject={inject}"]
        if "signal=" not in inject:
            # Cheaper, but a signal would not arrive.
            options.append("--seccomp-bpf")
    watched = "".join(f' -P "{path}"' for path in watch or ())
    return ["/bin/sh", "-c", f'exec strace "$@"{watched} -- {shlex.join(argv)}', "strace", *options]


LINE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (.*)$")
BEGUN = re.compile(r"^(\d+) +(.*?)(?: <unfinished \.\.\.>)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")


def calls(path):
    """Every call, in the order in which they ended; the last one of a killed process has no result."""
    found, begun = [], {}
    for line in path.read_text(errors="replace").splitlines():
        if match := BEGUN.match(line):
            begun[match[1]] = match[2]
            continue
        if match := RESUMED.match(line):
            line = f"{match[1]} {begun.pop(match[1], '')}{match[2]}"
        if match := LINE.match(line):
            found.append(Call(*match.groups()))
    return found


QUOTED = re.compile(r'"(/[^"]*)"')
OF_FD = re.compile(r"\d+<(/[^>]*)>")


def paths(call):
    """Every path that a call names, itself or by a descriptor."""
    # What is read or written is no path.
    quoted = [] if call.name in SORTS["read"] | SORTS["write"] | NETWORK else QUOTED.findall(call.args)
    return quoted + OF_FD.findall(call.args)


def watched(calls, tops):
    """The paths below `tops` that were touched, each process id in them made a `$$`."""
    ids = {call.thread for call in calls}
    first = calls[0].thread if calls else ""
    found = set(tops)
    for call in calls:
        for path in paths(call) + OF_FD.findall(call.result):
            path = path.removesuffix(" (deleted)")
            if any(path.startswith(f"{top}/") for top in tops):
                found.add(re.sub(rf"(?<!\d){first}(?!\d)", "$$", path) if first in ids else path)
    return sorted(found)
