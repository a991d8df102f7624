"""A DNS server that can be silent, and a network that can be absent: for a process in a network namespace of its own."""

import ctypes
import os
import re
import socket
import struct
import subprocess
import threading

# TEST-NET-3 (RFC 5737): not the user's own house, and nobody else's either.
NET = "203.0.113"
SERVER = f"{NET}.253"
DOMAIN = "news.example"
IP_FREEBIND = 15


class Names:
    """Answers for `sNN.news.example`, on port 53 of SERVER, as long as it is not silent."""

    def __init__(self, silent=False):
        self.silent, self.asked = silent, 0
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.setsockopt(socket.SOL_IP, IP_FREEBIND, 1)
        self.line.bind((SERVER, 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, sender = self.line.recvfrom(1500)
            self.asked += 1
            if not self.silent:
                try:
                    self.line.sendto(answer(query), sender)
                except OSError:
                    pass  # the network is gone again


def answer(query):
    """RFC 1035 §4.1: the A record of a source's name; no other record of it, and no other name."""
    at, labels = 12, []
    while length := query[at]:
        labels.append(query[at + 1:at + 1 + length].decode().lower())
        at += 1 + length
    question = query[12:at + 5]
    kind = struct.unpack("!H", query[at + 1:at + 3])[0]
    known = re.fullmatch(rf"s(\d\d)\.{re.escape(DOMAIN)}", ".".join(labels))
    records = b""
    if known and kind == 1:
        address = socket.inet_aton(f"{NET}.{int(known[1]) + 2}")
        records = struct.pack("!HHHIH", 0xC00C, 1, 1, 1, 4) + address
    code = 0 if known else 3
    return query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, bool(records), 0, 0) + question + records


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Line:
    """What connects this namespace with the rest of the world."""

    def __init__(self, sources):
        self.addresses = [253, *range(2, 2 + sources)]
        ip("link", "set", "lo", "up")

    def up(self):
        # Not every kernel has dummy links; addresses of the loopback link are as good, and gone they are as far away.
        for last in self.addresses:
            ip("addr", "add", f"{NET}.{last}/32", "dev", "lo")

    def down(self):
        for last in self.addresses:
            ip("addr", "del", f"{NET}.{last}/32", "dev", "lo")


def resolve_by(root):
    """Makes this mount namespace ask SERVER, and nothing else."""
    for name, text in (("resolv.conf", f"nameserver {SERVER}\n"), ("nsswitch.conf", "hosts: files dns\n")):
        path = root / name
        path.write_text(text)
        target = os.path.realpath(f"/etc/{name}")
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            open(target, "w").close()
        subprocess.run(["mount", "--bind", str(path), target], check=True)


class Itimerspec(ctypes.Structure):
    _fields_ = [(name, ctypes.c_long) for name in ("every_s", "every_ns", "s", "ns")]


def ring_calendar(pid):
    """Makes the timer that waits for the calendar to be set (CLOCK_REALTIME with TFD_TIMER_CANCEL_ON_SET) expire in a process.

    Whoever is woken by it cannot tell that from clock_settime(2), which would set the clock of everybody else here."""
    PIDFD_GETFD = 438
    libc = ctypes.CDLL(None, use_errno=True)
    rung, process = 0, os.pidfd_open(pid)
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            with open(f"/proc/{pid}/fdinfo/{name}") as info:
                text = info.read()
            if not re.search(r"^clockid: 0$", text, re.M):
                continue
            timer = libc.syscall(PIDFD_GETFD, process, int(name), 0)
            if timer < 0:
                raise OSError(ctypes.get_errno(), "pidfd_getfd")
            soon = Itimerspec(0, 0, 0, 1)
            rung += libc.timerfd_settime(timer, 0, ctypes.byref(soon), None) == 0
            os.close(timer)
    finally:
        os.close(process)
    return rung
