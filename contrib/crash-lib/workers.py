"""Several yards at once, each in a process of its own."""

import multiprocessing
import shutil
import traceback
from dataclasses import dataclass

from judge import Judge
from points import points
from scenario import scenarios
from yard import Yard

# So many yards are kept as they were when something was wrong.
KEPT = 5


@dataclass
class Task:
    """What the workers share."""
    program: list
    offers: frozenset
    top: object
    quotas: bool = True

    def judge(self, name, yard=None, only=None):
        """A judge in a yard of that name, and the scenarios; `only` has the names of those that are wanted."""
        judge = Judge(yard or Yard(self.top / name, self.program), self.offers.__contains__, self.quotas)
        return judge, {scenario.name: scenario for scenario in scenarios(judge.offers) if not only or scenario.name in only}

    def keep(self, judge, point):
        """The yard as it is after a point that went wrong, if there are not many yet."""
        name = "".join(c if c.isalnum() else "-" for c in f"{point.scenario}-{point.fault}-{point.call}-{point.n}")
        if len(list(self.top.glob("failed-*"))) < KEPT:
            shutil.copytree(judge.yard.root, self.top / f"failed-{name}", dirs_exist_ok=True)


def work(task, name, only, queue, answers):
    """Judges the points that come out of the queue until there are no more."""
    try:
        judge, known = task.judge(name, only=only)
        judge.prepare(known.values())
        while point := queue.get():
            reached, found = judge.disturb(known[point.scenario], point)
            if found:
                task.keep(judge, point)
            answers.put((point, reached, found))
        answers.put(None)
    except BaseException:
        answers.put(traceback.format_exc())
        raise


def apart(function, *args):
    """A process whose answer is `function`'s: its web does not outlive it. Returns what waits for the answer."""
    context = multiprocessing.get_context("fork")
    answers = context.Queue()

    def answer():
        try:
            answers.put((True, function(*args)))
        except BaseException:
            answers.put((False, traceback.format_exc()))

    process = context.Process(target=answer)
    process.start()

    def wait():
        well, what = answers.get()
        process.join()
        if not well:
            raise SystemExit(what)
        return what

    return wait


def survey(task, only):
    """(findings without a fault, every point)"""
    judge, known = task.judge("survey", only=only)
    found = judge.prepare(known.values())
    return found, [point for scenario in known.values() for point in points(judge, scenario)]


def judge_all(task, wanted, workers):
    """Yields (point, reached, findings) as they come."""
    only = {point.scenario for point in wanted}
    context = multiprocessing.get_context("fork")
    queue, answers = context.Queue(), context.Queue()
    for point in [*wanted, *[None] * workers]:
        queue.put(point)
    processes = [context.Process(target=work, args=(task, f"worker-{n}", only, queue, answers)) for n in range(workers)]
    for process in processes:
        process.start()
    try:
        while workers:
            answer = answers.get()
            if isinstance(answer, str):
                raise SystemExit(answer)
            if answer is None:
                workers -= 1
            else:
                yield answer
    finally:
        for process in processes:
            process.terminate()
            process.join()
