"""A memory cgroup, of version 1 or 2, without systemd. Needs root."""

import os
import pathlib
import time

TOP = pathlib.Path("/sys/fs/cgroup")


class Cgroup:
    """No more than `most` bytes, swap included."""

    @staticmethod
    def why_not():
        """Why there can be none; empty if there can."""
        if os.geteuid() != 0:
            return "not root"
        if not (TOP / "memory").is_dir() and "memory" not in Cgroup.controllers():
            return "no memory cgroup"
        return ""

    @staticmethod
    def controllers():
        try:
            return (TOP / "cgroup.controllers").read_text().split()
        except OSError:
            return []

    def __init__(self, name, most):
        self.first = (TOP / "memory").is_dir()
        self.path = (TOP / "memory" if self.first else TOP) / f"{name}-{os.getpid()}-{time.monotonic_ns()}"
        if not self.first:
            (TOP / "cgroup.subtree_control").write_text("+memory")
        self.path.mkdir()
        limits = (("memory.limit_in_bytes", most), ("memory.memsw.limit_in_bytes", most)) if self.first else \
            (("memory.max", most), ("memory.swap.max", 0))
        for file, value in limits:
            # A kernel without swap accounting has no such file, and a machine without swap needs none.
            if (self.path / file).exists():
                (self.path / file).write_text(str(value))

    def before(self):
        """What to put in front of a command so that it runs here."""
        return ["/bin/sh", "-c", f'echo $$ > "{self.path}/cgroup.procs" && exec "$@"', "sh"]

    def number(self, file):
        return int((self.path / file).read_text())

    def events(self, file):
        return dict(line.split() for line in (self.path / file).read_text().splitlines())

    def peak(self):
        return self.number("memory.max_usage_in_bytes" if self.first else "memory.peak")

    def kills(self):
        events = self.events("memory.oom_control" if self.first else "memory.events")
        return int(events.get("oom_kill", 0))

    def told(self):
        refused = self.number("memory.failcnt") + self.swap_refused() if self.first else int(self.events("memory.events")["max"])
        return f"the group's peak {self.peak() / 1024:.0f} kB, {refused} times at the limit, {self.kills()} killed"

    def swap_refused(self):
        """The limit of memory and swap together is reached by itself."""
        path = self.path / "memory.memsw.failcnt"
        return int(path.read_text()) if path.exists() else 0

    def remove(self):
        for _ in range(50):
            try:
                return self.path.rmdir()
            except OSError:
                time.sleep(0.1)
