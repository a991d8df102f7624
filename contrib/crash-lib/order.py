"""What a power cut would find, read off the order of a round's system calls.

A disk keeps what was synced, and of the rest whatever it likes: a rename that was not preceded by a sync of the
file leaves an empty file on xfs and on some ext4 mounts, one that was not followed by a sync of the directory
may not have happened.
"""

import os

import strace

WRITES = strace.SORTS["write"] | {"ftruncate", "fallocate"}
SYNCS = {"fsync", "fdatasync"}


class Disk:
    """Nothing outside `root` changes; below `tops`: which files hold something unsynced, which directories a name that is unsynced."""

    def __init__(self, root, tops, existing):
        self.root, self.tops, self.existing = str(root), tops, {str(path) for path in existing}
        self.files, self.folders, self.found = {}, {}, []

    def ours(self, path):
        return any(path == top or path.startswith(f"{top}/") for top in self.tops)

    def name_changes(self, path, call):
        self.folders.setdefault(os.path.dirname(path), str(call))

    def unsynced(self):
        return [f"{path} after {call}" for path, call in [*self.files.items(), *self.folders.items()]]

    def take(self, call):
        """One call that succeeded."""
        self.stay_inside(call)
        paths = [path for path in strace.paths(call) if self.ours(path)]
        if call.name in strace.SORTS["open"]:
            self.opened(call)
        elif call.name in SYNCS:
            for path in strace.paths(call):
                self.files.pop(path, None)
                self.folders.pop(path, None)
        elif not paths:
            return
        elif call.name in WRITES:
            # The lock file names its holder, who is gone after a power cut: its content need not last.
            if os.path.basename(paths[0]) != "lock":
                self.files[paths[0]] = str(call)
        elif call.name.startswith("rename") and len(paths) >= 2:
            self.renamed(call, paths[-2], paths[-1])
        elif call.name.startswith(("link", "mkdir")):
            self.existing.add(paths[-1])
            self.name_changes(paths[-1], call)
        elif call.name.startswith("unlink"):
            # Whether a name that is gone comes back matters to nobody.
            self.files.pop(paths[-1], None)
            self.existing.discard(paths[-1])

    def stay_inside(self, call):
        opens = call.name in strace.SORTS["open"] and any(flag in call.args for flag in ("O_CREAT", "O_TRUNC", "O_WRONLY", "O_RDWR"))
        changes = call.name in strace.SORTS["name"] | strace.SORTS["resize"] or call.name.startswith(("unlink", "rmdir", "chmod", "fchmod"))
        if opens or changes:
            outside = [path for path in strace.QUOTED.findall(call.args) if not path.startswith((self.root, "/dev/", "/proc/"))]
            self.found += [("untidy", f"{path} is none of its business: {call}") for path in outside]

    def opened(self, call):
        path = next(iter(strace.OF_FD.findall(call.result)), None)
        if path is None or not self.ours(path):
            return
        if "O_TRUNC" in call.args and path in self.existing:
            self.found.append(("damaged", f"emptied in place: {call}"))
        if call.creates() and path not in self.existing:
            self.existing.add(path)
            self.created(path, call)

    def created(self, path, call):
        # A file that is only locked need not be there after a power cut, nor one that is not to stay.
        if os.path.basename(path) != "lock" and not os.path.basename(path).startswith("."):
            self.name_changes(path, call)

    def renamed(self, call, source, target):
        if source in self.files:
            self.found.append(("damaged", f"renamed before it was synced: {call}, after {self.files.pop(source)}"))
        self.existing.discard(source)
        self.existing.add(target)
        self.name_changes(target, call)


def read(calls, root, tops, existing):
    """What is wrong with the order of `calls`; the first of `tops` is the state."""
    disk = Disk(root, tops, existing)
    for call in calls:
        if call.result.startswith(("-1", "?")):
            continue
        if "GET /v2/" in call.args and call.name in strace.NETWORK | strace.SORTS["write"]:
            inside = [what for what in disk.unsynced() if what.startswith(disk.tops[0])]
            disk.found += [("under-counted", f"asked the API while this was not on the disk: {what}") for what in inside]
            continue
        disk.take(call)
    disk.found += [("lost", f"never synced: {what}") for what in disk.unsynced()]
    return disk.found
