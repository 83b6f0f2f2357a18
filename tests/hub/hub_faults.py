"""What may go wrong with a request, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

STATUSES = {"409": 409, "412": 412, "429": 429, "503": 503}
"""Faults that answer with an error and do nothing."""
CUTS = ("cut_request", "cut_answer")
"""The connection ends in the request's body, with nothing done; or in the answer, with everything done."""
KILL = "kill"
"""The request is done, and the program that made it is dead before it hears of it."""


@dataclass
class Faults:
    """Faults by number of request, counted from `arm`.

    Attributes:
        plan: number of a request -> fault.
        cut_at: where a cut comes, as a share of the bytes.
        kill: kills the program that makes the requests.
        met: the requests that met a fault.
        before: told every request before it is done, and may keep it waiting.
    """

    plan: dict[int, str] = field(default_factory=dict)
    cut_at: float = 0.5
    kill: Callable[[], None] = lambda: None
    count: int = 0
    met: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda request: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, plan: dict[int, str], kill: Callable[[], None] = lambda: None, cut_at: float = 0.5) -> None:
        """Begin to count requests again, and give those of `plan` their fault."""
        with self._lock:
            self.plan, self.kill, self.cut_at, self.count, self.met = dict(plan), kill, cut_at, 0, []

    def next(self, request: str) -> str:
        """The fault of the request that comes now; "" for none."""
        self.before(request)
        with self._lock:
            fault = self.plan.pop(self.count, "")
            self.count += 1
            if fault:
                self.met.append(f"{fault} at {request}")
            return fault
