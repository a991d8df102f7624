"""What passed, what failed, what was skipped, and a table of figures."""


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped, self.figures = 0, 0, 0, []

    def check(self, good, what, found=""):
        """One promise. `found` is what was found instead, or how well it was kept."""
        self.passed += bool(good)
        self.failed += not good
        print(f"{'ok' if good else 'WRONG':8}{what}{f': {found}' if found != '' else ''}", flush=True)
        return good

    def skip(self, what, why):
        self.skipped += 1
        print(f"skipped {what}: {why}", flush=True)

    def figure(self, what, value):
        self.figures.append((what, value))

    def end(self):
        """Prints all figures and the sum; the exit code."""
        if self.figures:
            width = max(len(what) for what, _ in self.figures)
            print()
            for what, value in self.figures:
                print(f"| {what:{width}} | {value} |")
            print()
        print(f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else ""))
        return 1 if self.failed else 0
