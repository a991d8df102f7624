"""A place to run the program in: directories, a config, a web, and a memory of how things stood."""

import json
import os
import pathlib
import re
import shutil
import subprocess
from dataclasses import dataclass

import strace
from web import KEY, STORIES, Web

# No run takes longer unless it hangs.
PATIENCE = 90


@dataclass
class Ran:
    code: int            # negative: the signal that ended it; None: it hung
    stderr: str
    log: list            # the calls that strace saw
    stdout: bytes


class Yard:
    """Where one worker runs the program: `state`, `out` and `said` (what went to stdout) are watched."""

    WATCHED = ("state", "out", "said")

    def __init__(self, root, program):
        self.root, self.program = pathlib.Path(root), program
        self.web = Web()
        self.pictures = {}
        for name in (*self.WATCHED, "tmp", "home", "cwd"):
            (self.root / name).mkdir(parents=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": f"{root}/home", "TMPDIR": f"{root}/tmp", "LC_ALL": "C",
                    "CRASH_KEY": KEY, "PYTHONDONTWRITEBYTECODE": "1"}

    def configure(self, quota):
        """newsagg.toml, and the same for the writers that know no TOML."""
        state, out = self.root / "state", self.root / "out"
        lines = ["[fetch]", "retries = 0", 'timeout = "20s"', "[state]", f'dir = "{state}"', "[schedule]", 'every = "1s"']
        for name, form in (("feed.json", "jsonfeed"), ("items.jsonl", "jsonl")):
            lines += ["[[output]]", f'path = "{out / name}"', f'format = "{form}"']
        for name in STORIES:
            lines += ["[[source]]", f'name = "{name}"']
            if name == "api":
                lines += ['kind = "newsapi"', 'key = { env = "CRASH_KEY" }', 'country = "us"', f'quota = ["{quota}/1h"]',
                          f'base_url = "http://127.0.0.1:{self.web.port}"']
            else:
                lines += ['kind = "feed"', f'url = "{self.web.url(name)}"']
        (self.root / "newsagg.toml").write_text("\n".join(lines) + "\n")
        urls = {name: self.web.url("v2/top-headlines" if name == "api" else name) for name in STORIES}
        plain = {"state": str(state), "out": str(out), "quota": quota, "sources": urls}
        (self.root / "writer.json").write_text(json.dumps(plain))

    # How things stand, kept and brought back.

    def keep(self, name):
        picture = {}
        for top in self.WATCHED:
            for folder, _, files in os.walk(self.root / top):
                picture[os.path.relpath(folder, self.root)] = None
                for file in files:
                    path = os.path.join(folder, file)
                    with open(path, "rb") as source:
                        picture[os.path.relpath(path, self.root)] = (os.stat(path).st_mode & 0o7777, source.read())
        self.pictures[name] = picture

    def restore(self, name):
        for top in (*self.WATCHED, "tmp", "home", "cwd"):
            shutil.rmtree(self.root / top, ignore_errors=True)
            if top not in self.WATCHED or top in self.pictures[name]:
                (self.root / top).mkdir(mode=0o700)
        (self.root / "report.json").unlink(missing_ok=True)
        for path, what in self.pictures[name].items():
            path = self.root / path
            if what is None:
                path.mkdir(exist_ok=True)
            else:
                path.write_bytes(what[1])
                path.chmod(what[0])

    def settle(self):
        """Nothing, where the power is not cut."""

    def names(self):
        """Everything that lies about, also where nothing should; what was set aside without its date."""
        found = set()
        for top in (*self.WATCHED, "tmp", "home", "cwd"):
            for folder, folders, files in os.walk(self.root / top):
                found.update(os.path.relpath(os.path.join(folder, name), self.root) for name in folders + files)
        return {re.sub(r"\.damaged.*", ".damaged", name) for name in found}

    # The program, run.

    def run(self, args=(), inject=None, watch=None, traced=False, fsize=None, full=False):
        """One run. `inject` is strace's word for a fault, counted over the calls that touch `watch`, a list of
        paths in which `$$` is the process; `traced` only looks. No file grows beyond `fsize` bytes: who tries is
        killed, or with `full` is told so."""
        command = [*self.program, "once", "-c", str(self.root / "newsagg.toml"), *args]
        log = self.root / "strace.log"
        log.unlink(missing_ok=True)
        if inject or traced:
            command = strace.command(log, command, inject, watch)
        elif fsize is not None:
            ignore = "trap '' XFSZ; " if full else ""
            limit = f'{ignore}exec prlimit --fsize={fsize} --core=0 -- "$@"'
            command = ["/bin/sh", "-c", limit, "sh", *command]
        said = self.root / "said" / "stdout"
        said.parent.mkdir(exist_ok=True)
        with open(said, "wb") as out:
            process = subprocess.Popen(command, env=self.env, cwd=self.root / "cwd", stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=subprocess.PIPE)
        try:
            # Until stderr ends, which the tracer holds too: it ends after the traced.
            _, stderr = process.communicate(timeout=PATIENCE)
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            _, stderr = process.communicate()
            code = None
        stdout = said.read_bytes()
        said.unlink()
        calls = strace.calls(log) if log.exists() else []
        return Ran(code, stderr.decode(errors="replace"), calls, stdout)
