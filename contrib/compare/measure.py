"""The web, and what a process takes from it and from the machine."""
import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time
import urllib.request

HOSTS = 20
BYTES = 40_000
# Who takes longer is ended.
PATIENCE = 240
# Whatever proxy there is, it has no part in this.
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Outcome = collections.namedtuple("Outcome", "wall cpu code peak items counts")


class Web:
    """contrib/newsweb.rs on loopback addresses, a process of its own, its feeds made beforehand."""

    def __init__(self, newsweb, latency, feeds, *more):
        command = [newsweb, "--addresses", HOSTS, "--bytes", BYTES, "--latency", f"{int(latency * 1000)}ms",
                   "--prepare", feeds, *more]
        self.process = subprocess.Popen([str(word) for word in command], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.one_at_a_time = threading.Lock()
        self.port = int(self.process.stdout.readline())

    def url(self, number):
        return f"http://127.0.0.{number % HOSTS + 1}:{self.port}/feed/{number}"

    def counts(self):
        """Since the last time."""
        with self.one_at_a_time:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())

    def items(self):
        """How many a feed has."""
        with DIRECTLY.open(self.url(0)) as answer:
            return answer.read().count(b"<item>")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def forget(place):
    """Every run is the first one."""
    shutil.rmtree(place / "home", ignore_errors=True)
    (place / "home").mkdir(parents=True)


def run(argv, place, more_env, poll=None, tree=False):
    """Wall and CPU seconds from start to exit, the exit code, and the peak memory if `poll` says how often to look."""
    home = place / "home"
    # Nothing of the user's: no proxy, no config, a state directory of its own.
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8",
           "XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config"), **more_env}
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
             (os.POSIX_SPAWN_OPEN, 1, str(home / "out"), flags, 0o644),
             (os.POSIX_SPAWN_OPEN, 2, str(home / "err"), flags, 0o644)]
    argv = [str(word) for word in argv]
    began = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=files, setpgroup=0)
    late = threading.Timer(PATIENCE, os.killpg, (pid, signal.SIGKILL))
    late.daemon = True
    late.start()
    try:
        peak = watch(pid, poll, tree) if poll else None
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - began
    except BaseException:
        # Whoever is interrupted leaves nobody behind.
        os.killpg(pid, signal.SIGKILL)
        raise
    finally:
        late.cancel()
    return Outcome(wall, usage.ru_utime + usage.ru_stime, os.waitstatus_to_exitcode(status), peak, None, None)


def watch(pid, poll, tree):
    """Peak MB until the end: VmHWM as last seen, or of a whole tree the most that all had at once, shared pages
    divided. Not ru_maxrss, which begins with what the process that spawned it held (getrusage(2)): here, Python."""
    peak = 0
    while True:
        try:
            # Without reaping: the CPU comes from wait4.
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return peak / 1024
            now = sum(field(f"{one}/smaps_rollup", "Pss:") for one in family(pid)) if tree else field(f"{pid}/status", "VmHWM:")
            peak = max(peak, now)
        except OSError:
            pass
        time.sleep(poll)


def family(pid):
    """A process and all beneath it."""
    found = [pid]
    for one in found:
        try:
            found += pathlib.Path(f"/proc/{one}/task/{one}/children").read_text().split()
        except OSError:
            pass
    return found


def field(file, name):
    """In kB; 0 when it is gone."""
    try:
        for line in pathlib.Path("/proc", file).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
