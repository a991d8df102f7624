"""Where programs are run: a place of their own, a clean environment, a web on loopback."""

import contextlib
import os
import pathlib
import shutil
import subprocess

BYTES = 40_000
ADDRESSES = 100


class Yard:
    def __init__(self, root, release, keep):
        self.root, self.keep = root, keep
        self.newsagg, self.newsweb = release / "newsagg", release / "examples/newsweb"
        self.cost = release / "examples/budget"
        # No proxy, no config of the user's, no state of theirs.
        self.env = {"PATH": os.environ["PATH"], "HOME": str(root), "TMPDIR": str(root), "LANG": "C"}

    def file(self, name):
        """Where a tool writes what it saw."""
        return pathlib.Path(self.keep or self.root) / name

    def place(self, name):
        """An empty folder. Programs are given paths relative to it: a longer path is more work."""
        place = self.root / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        return place

    def pin(self, processors):
        """On so many processors: what a program does may depend on how many there are."""
        mine = sorted(os.sched_getaffinity(0))[:processors]
        return lambda: os.sched_setaffinity(0, mine)

    def run(self, argv, cwd, processors=2):
        """What it said on stderr; it must end well."""
        ended = subprocess.run(list(map(str, argv)), cwd=cwd, env=self.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                               preexec_fn=self.pin(processors))
        if ended.returncode:
            raise RuntimeError(f"{' '.join(map(str, argv))}: exit code {ended.returncode}\n{ended.stderr[-2000:]}")
        return ended.stderr

    @contextlib.contextmanager
    def web(self):
        """The embedded news web at 0 ms; its port."""
        argv = [self.newsweb, "--addresses", str(ADDRESSES), "--latency", "0ms", "--bytes", str(BYTES), "--seed", "1"]
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait()

    def config(self, place, port, sources):
        """So many feeds, all remembered, all written. Forgets what was there."""
        shutil.rmtree(place / "state", ignore_errors=True)
        for left in "feed.json", "report.json":
            (place / left).unlink(missing_ok=True)
        feeds = "".join(f'[[source]]\nname = "f{n}"\nkind = "feed"\n'
                        f'url = "http://127.0.0.{n % ADDRESSES + 1}:{port}/feed/{n + 1}"\n' for n in range(sources))
        # Valgrind is slow, a busy machine slower: nobody is given up.
        head = '[fetch]\nworkers = 32\ntimeout = "1h"\nconnect_timeout = "1h"\ndeadline = "1h"\n[state]\ndir = "state"\n[[output]]\npath = "feed.json"\n'
        (place / "n.toml").write_text(head + feeds)

    def once(self, *more):
        """The round itself: a source that failed would make it cheaper."""
        return [self.newsagg, "once", "-q", "-c", "n.toml", "--force", "--strict", *more]
