"""Whether contrib/budget can fail: what it makes of figures and logs that are made up."""

import bounds
import system
import valgrind

MADE = {"arch": "x86_64", "rustc": "1.95.0", "libc": "glibc 2.36", "valgrind": "3.19.0", "avx2": True, "processors": 2}

# The caller's own cost, not that of the calls; libc's own calls of malloc do not count.
CALLGRIND = """version: 1
events: Ir

ob=(1) /p/newsagg
fl=(1) ???
fn=(1) 0x1
0 10
cob=(2) /lib/libc.so.6
cfi=(2) ???
cfn=(2) malloc
calls=3 0
0 900
+4 5
cob=(1)
cfn=(3) 0x2
calls=7 0
* 100

ob=(2)
fn=(2)
0 600
cfn=(4) _int_malloc
calls=3 0
0 250
cfn=(2)
calls=1 0
0 1

fn=(4)
0 250

ob=(1)
fn=(3)
0 100
"""

STRACE = """1 openat(AT_FDCWD</tmp>, "a", O_RDONLY) = 3</tmp/a>
1 read(3</tmp/a>, "x", 10) = 1
1 write(4<anon_inode:[eventfd]>, "1", 8) = 8
2 sendto(5<socket:[77]>, "GET /", 5, MSG_NOSIGNAL, NULL, 0 <unfinished ...>
1 epoll_pwait(6<anon_inode:[eventpoll]>, [], 8, -1, NULL, 8) = 0
2 <... sendto resumed>) = 5
2 sendto(5<TCP:[127.0.0.1:1->127.0.0.1:2]>, "GET /", 5, MSG_NOSIGNAL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)
1 mmap(NULL, 4096) = 0x7f0000000000
1 +++ exited with 0 +++
"""


def run():
    """Exit code, and what is not so."""
    wrong = [what for what, so in checks() if not so]
    for what in wrong:
        print(f"not so: {what}")
    if not wrong:
        print("contrib/budget can fail")
    return 1 if wrong else 0


def checks():
    def word(kind, measured, **other):
        return bounds.judge("x", kind, 100_000, measured, MADE | other, MADE).word

    for kind in "code", "libc", "count", "size", "memory":
        yield f"{kind}: 5 % more is within the bound", word(kind, 105_000) == ""
        yield f"{kind}: 6 % more is not", word(kind, 106_000) == "ROSE"
        yield f"{kind}: 6 % less is to be recorded", word(kind, 94_000).startswith("fell")
    yield "waiting may vary by 25 %", word("waits", 125_000) == "" and word("waits", 126_000) == "ROSE"
    yield "another libc does not widen the bound of the program's own code", word("code", 106_000, libc="musl") == "ROSE"
    yield "another libc's own code is not compared", word("libc", 900_000, libc="musl").startswith("not compared")
    yield "another valgrind does not widen the bound of allocations", word("count", 106_000, valgrind="3.25.0") == "ROSE"
    yield "one processor widens it", word("count", 106_000, processors=1) == "another processors"
    yield "another compiler widens the bound", word("code", 106_000, rustc="2.0.0") == "another rustc"
    yield "and keeps one", word("code", 116_000, rustc="2.0.0") == "ROSE"
    unknown = bounds.judge("x", "code", None, 1, MADE, MADE)
    yield "a figure without a record fails", unknown.bad
    yield "nothing that became something fails", bounds.judge("x", "count", 0, 1, MADE, MADE).bad

    seen = valgrind.counted(CALLGRIND.splitlines(keepends=True), "/p/newsagg")
    yield "instructions are those of the program", seen.own == 115
    yield "and those of the libraries", seen.libraries == 850
    yield "allocations are the program's own", seen.allocations == 3
    yield "dhat's total is read", valgrind.total("==1== Total:     1,234 bytes in 56 blocks") == (1234, 56)

    seen = system.calls(STRACE.splitlines(keepends=True))
    yield "system calls that work are counted once, finished or not", seen.work == 4
    yield "those of waiting apart", seen.waits == 2
    yield "those of the allocator apart", seen.memory == 1
    yield "what was sent is counted, though another thread spoke between", seen.sent == 5
