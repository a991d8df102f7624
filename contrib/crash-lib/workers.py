"""Several yards at once, each in a process of its own."""

import collections
import multiprocessing
import shutil
import traceback
from dataclasses import dataclass

from judge import Judge, scenarios
from points import points
from yard import Yard

# So many yards are kept as they were when something was wrong.
KEPT = 5


@dataclass
class Task:
    """What the workers share."""
    program: list
    offers: frozenset
    top: object
    only: str
    quotas: bool

    def judge(self, name):
        yard = Yard(self.top / name, self.program)
        judge = Judge(yard, self.offers.__contains__, self.quotas)
        chosen = [scenario for scenario in scenarios(judge.offers) if scenario.name.startswith(self.only)]
        return judge, {scenario.name: scenario for scenario in chosen}


def work(task, name, queue, answers):
    """Judges the points that come out of the queue until there are no more."""
    try:
        judge, known = task.judge(name)
        judge.prepare(known.values())
        while point := queue.get():
            reached, found = judge.disturb(known[point.scenario], point)
            if found:
                keep(judge, known[point.scenario], point, task.top)
            answers.put((point, reached, found))
        answers.put(None)
    except BaseException:
        answers.put(traceback.format_exc())
        raise


def keep(judge, scenario, point, top):
    """The yard as it is, and as it was before."""
    name = "".join(c if c.isalnum() else "-" for c in f"{scenario.name}-{point.fault}-{point.call}-{point.n}")
    if len(list(top.glob("failed-*"))) < KEPT:
        shutil.copytree(judge.yard.root, top / f"failed-{name}", dirs_exist_ok=True)


def survey(task):
    """(findings without a fault, every point); in a process of its own, whose web would outlive it otherwise."""
    context = multiprocessing.get_context("fork")
    answers = context.Queue()

    def look():
        try:
            judge, known = task.judge("survey")
            found = judge.prepare(known.values())
            answers.put((found, [point for scenario in known.values() for point in points(judge, scenario)]))
        except BaseException:
            answers.put(traceback.format_exc())

    process = context.Process(target=look)
    process.start()
    answer = answers.get()
    process.join()
    if isinstance(answer, str):
        raise SystemExit(answer)
    return answer


def judge_all(task, wanted, workers):
    """Yields (point, reached, findings) as they come."""
    context = multiprocessing.get_context("fork")
    queue, answers = context.Queue(), context.Queue()
    # Those of one scenario are near each other; spread, the workers are busy to the end.
    for point in [*wanted, *[None] * workers]:
        queue.put(point)
    processes = [context.Process(target=work, args=(task, f"worker-{n}", queue, answers)) for n in range(workers)]
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


class Tally:
    """What came of the points, by fault."""

    def __init__(self):
        self.tried, self.missed, self.found = collections.Counter(), [], collections.Counter()
        self.calls = collections.defaultdict(collections.Counter)
        self.bad = []

    def take(self, point, reached, found):
        if not reached:
            self.missed.append(point)
            return
        self.tried[point.fault] += 1
        self.calls[point.fault][point.call] += 1
        for kind in {kind for kind, _ in found}:
            self.found[kind] += 1
        if found:
            self.bad.append((point, found))
