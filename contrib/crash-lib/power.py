"""The power is cut: what had reached the disk is all there is.

The yard lies on a file system in an image. What the program wrote and did not sync is in the kernel's memory, not in
the image; so a copy of the image, mounted, is what is found after the cut. The options make the file systems
as unkind as they may be.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile

import points
from scenario import Point
from yard import Yard

# How each is made and mounted; the size is the least that it likes.
SYSTEMS = {
    "ext4": (24 << 20, ["mkfs.ext4", "-q", "-F"], "noauto_da_alloc,commit=300"),
    "xfs": (300 << 20, ["mkfs.xfs", "-q", "-f"], "defaults"),
}
# The sbin directories, which not every user's PATH leads to.
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def command(*words):
    subprocess.run(words, check=True, capture_output=True, env={**os.environ, "PATH": PATH})


class Island(Yard):
    """A yard on a file system of its own."""

    def __init__(self, folder, program, system):
        self.image, self.mounted = pathlib.Path(folder) / "image", False
        size, make, self.options = SYSTEMS[system]
        root = pathlib.Path(folder) / "root"
        root.mkdir(parents=True)
        with open(self.image, "wb") as file:
            file.truncate(size)
        command(*make, str(self.image))
        self.mount(root)
        super().__init__(root, program)

    def mount(self, root):
        command("mount", "-o", f"loop,{self.options}", str(self.image), str(root))
        self.mounted = True

    def unmount(self, root):
        if self.mounted:
            command("umount", str(root))
            self.mounted = False

    def settle(self):
        """What stands now has stood there for long."""
        command("sync", "-f", str(self.root))

    def cut(self):
        """What is in the image now is all that is left."""
        copy = self.image.with_suffix(".cut")
        command("cp", "--sparse=always", str(self.image), str(copy))
        self.unmount(self.root)
        copy.replace(self.image)
        self.mount(self.root)


def why_not(system):
    """Why the power cannot be cut here."""
    if os.geteuid() != 0:
        return "only root mounts images"
    tool = SYSTEMS[system][1][0]
    if not shutil.which(tool, path=PATH):
        return f"no {tool}"
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "root"
        try:
            island = Island(folder, [], system)
        except subprocess.CalledProcessError as error:
            return (error.stderr or b"").decode(errors="replace").strip().replace("\n", " ")
        island.unmount(root)
    return None


def cuts(judge, scenario):
    """Before each call that changes something, and when the round is over."""
    kills = [point for point in points.points(judge, scenario) if point.fault == "KILL" and points.changes(point)]
    return [Point(point.scenario, "POWER", point.call, point.n, point.what) for point in kills] + [
        Point(scenario.name, "POWER", "exit", 0)]


def try_all(system, task, only, most):
    """(findings without a fault, [(point, reached, findings)]) for at most `most` cuts in the scenarios `only`."""
    folder = task.top / system
    island = Island(folder, task.program, system)
    try:
        judge, known = task.judge(system, island, only)
        wrong = judge.prepare(known.values())
        wanted = [point for scenario in known.values() for point in cuts(judge, scenario)]
        if len(wanted) > most:
            wanted = [wanted[i * len(wanted) // most] for i in range(most)]
        answers = []
        for point in wanted:
            reached, found = judge.disturb(known[point.scenario], point)
            if found:
                task.keep(judge, point)
            answers.append((point, reached, found))
        return wrong, answers
    finally:
        island.unmount(island.root)
