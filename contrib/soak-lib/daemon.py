"""`newsagg run` with the script in systemd's place: what it says, what it costs, and orders to it."""

import os
import pathlib
import select
import signal
import socket
import subprocess
import time

# Nothing that is waited for takes longer unless it hangs.
PATIENCE = 60
TICKS = os.sysconf("SC_CLK_TCK")


class Hung(Exception):
    """What was waited for did not come."""


class Daemon:
    """One process of `newsagg run`. `before` is put in front of the command (a shell that joins a cgroup, strace)."""

    def __init__(self, newsagg, config, root, env=None, before=(), options=("-q",), watchdog=None):
        self.told, self.rounds = [], 0
        self.root = pathlib.Path(root)
        path = self.root / f"notify-{time.monotonic_ns()}"
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.line.bind(str(path))
        env = {"PATH": os.environ["PATH"], "HOME": str(root), "LC_ALL": "C", "NOTIFY_SOCKET": str(path), **(env or {})}
        if watchdog:
            env["WATCHDOG_USEC"] = str(watchdog * 1_000_000)
        self.log = self.root / "log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*before, str(newsagg), "run", *options, "-c", str(config)], env=env,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=root)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.line.close()

    # What it says.

    def hear(self, patience):
        """The fields of the next datagram; {} if there was none in time."""
        if not select.select([self.line], [], [], max(patience, 0))[0]:
            return {}
        text = self.line.recv(65536).decode()
        fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        self.told.append((time.monotonic(), fields))
        del self.told[:-1000]
        self.rounds += "next round" in fields.get("STATUS", "")
        return fields

    def await_(self, wanted, patience=PATIENCE):
        """The fields of the first datagram that is `wanted`."""
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            fields = self.hear(min(left, 0.5))
            if fields and wanted(fields):
                return fields
            if not fields and self.process.poll() is not None:
                raise Hung(f"it ended with {self.process.returncode}: {self.tail()}")
        raise Hung(f"not told in {patience} s; it said {self.told[-1:]}: {self.tail()}")

    def ready(self, patience=PATIENCE):
        self.await_(lambda fields: fields.get("READY") == "1", patience)

    def resting(self, patience=PATIENCE):
        """What it says when a round is over and it waits for the next."""
        return self.await_(lambda fields: "next round" in fields.get("STATUS", ""), patience)["STATUS"]

    def drain(self):
        while self.hear(0):
            pass

    def tail(self):
        return self.log.read_text(errors="replace")[-600:]

    # Orders.

    def signal(self, what):
        self.process.send_signal(what)

    def round(self, patience=PATIENCE):
        """A round now, to its end."""
        self.drain()
        self.signal(signal.SIGUSR1)
        return self.resting(patience)

    def reload(self):
        """The config again; until it waits for the next round."""
        self.drain()
        self.signal(signal.SIGHUP)
        self.await_(lambda fields: fields.get("RELOADING") == "1")
        return self.resting()

    def stop(self):
        """SIGTERM; how long that took, and the exit code."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        return time.monotonic() - began, code

    def kill(self):
        self.process.kill()
        self.process.wait()

    # What it costs.

    def status(self):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def kilobytes(self, *names):
        status = self.status()
        return [int(status[name].split()[0]) for name in names]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self):
        return int(self.status()["Threads"])

    def switches(self):
        """Context switches of all its threads: those it asked for, and those it did not."""
        own, forced = 0, 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            lines = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
            own += int(lines["voluntary_ctxt_switches"])
            forced += int(lines["nonvoluntary_ctxt_switches"])
        return own, forced

    def written(self):
        """Bytes that it handed to write(2), and those that reached a disk."""
        lines = pathlib.Path(f"/proc/{self.pid}/io").read_text().splitlines()
        io = {name: int(value) for name, value in (line.split(": ") for line in lines)}
        return io["wchar"], io["write_bytes"]

    def seconds(self):
        """CPU time of all threads, the ended ones too: user and system."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) / TICKS, int(fields[12]) / TICKS
