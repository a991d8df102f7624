"""Rounds worth disturbing, and the points where they can be."""

from dataclasses import dataclass, field

# Nothing appears then but the state.
SILENT = ("-o", "/dev/null", "-f", "jsonl")


@dataclass
class Scenario:
    """A round worth disturbing: what came before it, what is asked, what it must come to."""
    name: str
    step: int                   # of the web, during the round
    quota: int                  # requests that the API allows in the hour
    spent: int                  # rounds before this one, each with one of those requests
    args: tuple = ()
    ample: bool = True          # whether the API can be asked again after the disturbed round
    prints: bool = False        # `--new`: the news go to stdout, once
    silent: bool = False        # the round writes no document, the next one does
    torn: bool = False          # a silent round before this one was cut in the middle of a write to the state
    hurt: bool = False          # a bit of each file of the state is not what it was
    # What was there, and what an undisturbed round and two more leave.
    before: dict = field(default_factory=dict)
    left: int = 0
    wanted: dict = field(default_factory=dict)
    printed: bytes = b""
    stored: object = None
    names: set = field(default_factory=set)
    watch: list = field(default_factory=list)


@dataclass(frozen=True)
class Point:
    scenario: str
    fault: str                  # KILL, an error; CUT and FULL: killed or refused in the middle of a write; POWER
    call: str                   # the name of the system call; "write" for CUT and FULL, "exit" for the end
    n: int                      # which one of that name; the size beyond which no file grows
    what: str = ""

    def __str__(self):
        return f"{self.scenario}: {self.fault} at {self.call} {self.n}" + (f" ({self.what})" if self.what else "")

    def inject(self):
        """strace's word for it; nothing when the power is cut after the end."""
        how = "signal=SIGKILL" if self.fault in ("KILL", "POWER") else f"error={self.fault}"
        return f"{self.call}:{how}:when={self.n}" if self.n else None


def scenarios(offers):
    """Those that the program can do."""
    force = ("--force",) if offers("--force") else ()
    found = [
        Scenario("first", step=1, quota=20, spent=0),
        Scenario("news", step=1, quota=20, spent=2, args=force),
        Scenario("quiet", step=0, quota=20, spent=2, args=force),
        Scenario("first-quota", step=1, quota=2, spent=0, ample=False),
        Scenario("quota", step=1, quota=20, spent=18, args=force, ample=False),
        Scenario("stored", step=1, quota=20, spent=2, args=(*force, *SILENT), silent=True),
        Scenario("torn", step=1, quota=20, spent=2, args=force, torn=True),
        Scenario("hurt", step=1, quota=20, spent=2, args=force, hurt=True, ample=False),
    ]
    if offers("--new"):
        found.append(Scenario("new", step=1, quota=20, spent=2, prints=True,
                              args=("--new", "-o", "-", "-f", "jsonl", *force)))
    return found
