"""System calls and memory, as the kernel tells them."""

import collections
import os
import pathlib
import re
import subprocess
import time

# How often these are called depends on who is faster, the program or the other end: the event loop's own calls …
WAITING = {"epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "timerfd_settime", "futex", "sched_yield",
           "restart_syscall", "poll", "ppoll", "recvfrom", "recvmsg"}
# … and reads and writes of what wakes it.
WAKING = re.compile(r"(read|write)\(\d+<(anon_inode:\[?(eventfd|timerfd|eventpoll)|pipe:)")
# The allocator's: another libc has another one.
ALLOCATING = {"brk", "mmap", "munmap", "mremap", "madvise", "mprotect"}
BEGUN = re.compile(r"(\d+) +(\w+)\((?:(\d+)<([^>]*))?")
RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>")
SENDING = {"sendto", "sendmsg", "write", "writev"}


class Calls:
    """Of one run: system calls by what they are for, and bytes given to sockets."""

    def __init__(self):
        self.work = self.waits = self.memory = self.sent = 0
        self.names = collections.Counter()


def calls(lines):
    """Reads what `strace -f -y` wrote."""
    counts, pending = Calls(), {}
    for line in lines:
        begun, resumed = BEGUN.match(line), RESUMED.match(line)
        if begun:
            thread, name, _, what = begun.groups()
            counts.names[name] += 1
            if name in WAITING or WAKING.match(line.split(None, 1)[1]):
                counts.waits += 1
            elif name in ALLOCATING:
                counts.memory += 1
            else:
                counts.work += 1
            to_socket = name in SENDING and (what or "").startswith(("socket:", "TCP"))
            if line.rstrip().endswith("<unfinished ...>"):
                pending[thread] = to_socket
            elif to_socket:
                counts.sent += result(line)
        elif resumed and pending.pop(resumed[1], False):
            counts.sent += result(line)
    return counts


def result(line):
    """What a call returned; nothing where it failed."""
    found = re.search(r"= (\d+)$", line.rstrip())
    return int(found[1]) if found else 0


def traced(yard, name, argv, cwd):
    """Counts one run, on one processor: threads that race on two call the kernel more or less often."""
    file = yard.file(f"{name}.strace")
    yard.run(["strace", "-f", "-y", "-qq", "-o", file, *argv], cwd, processors=1)
    with open(file, encoding="utf-8", errors="replace") as lines:
        return calls(lines)


def peak(yard, argv, cwd):
    """Peak kB of one run: VmHWM as it stands when the process is held at its exit. Not ru_maxrss, which begins with
    what the process that spawned it held."""
    hold = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=exit_group",
            "-e", "inject=exit_group:delay_enter=60000"]
    tracer = subprocess.Popen([*hold, *argv], cwd=cwd, env=yard.env, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, preexec_fn=yard.pin(2))
    last = None
    while tracer.poll() is None:
        last = high_water(tracer.pid, argv[0]) or last
        time.sleep(0.005)
    if tracer.returncode or last is None:
        raise RuntimeError(f"{' '.join(map(str, argv))}: exit code {tracer.returncode}, peak {last}")
    return last


def high_water(tracer, program):
    """VmHWM of whom the tracer traces, once it runs the program."""
    try:
        for child in pathlib.Path(f"/proc/{tracer}/task/{tracer}/children").read_text().split():
            if os.path.samefile(f"/proc/{child}/exe", program):
                found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{child}/status").read_text())
                return int(found[1]) if found else None
    except OSError:
        pass
    return None
