"""Starts the processes that use the test Hub, waits for them, and kills them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OWNER, READER = "hf_OwnerToken0123456789", "hf_ReaderToken0123456789"
_CHILD = Path(__file__).with_name("hub_child.py")
_FORKS = hasattr(os, "fork")


class RunFailed(Exception):  # noqa: N818 - reads as what it is
    """The function raised: the names of its error's classes, its message, and the trace."""

    def __init__(self, kinds: list[str], message: str, trace: str) -> None:
        super().__init__(f"{kinds[0]}: {message}\n{trace}")
        self.kinds, self.message, self.trace = kinds, message, trace


class Killed(Exception):  # noqa: N818 - as above
    """The process died before it had a result."""


@dataclass
class Call:
    """A call that is under way."""

    pid: int
    result: Path
    child: subprocess.Popen | None
    logs: tuple[str, ...] = ()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL if _FORKS else signal.SIGTERM)

    def alive(self) -> bool:
        if self.child is not None:
            return self.child.poll() is None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def wait(self, seconds: float = 240) -> Any:
        """Wait for the result; raise what the function raised, as `RunFailed`, or `Killed`."""
        end = time.monotonic() + seconds
        while not self.result.exists():
            if not self.alive() and not self.result.exists():
                raise Killed
            assert time.monotonic() < end, "the call takes too long"
            time.sleep(0.005)
        result = json.loads(self.result.read_text(encoding="utf-8"))
        self.logs = tuple(result["logs"])
        if "kinds" in result:
            raise RunFailed(result["kinds"], result["message"], result["trace"])
        return result["value"]


class Runs:
    """Runs functions of `hub_calls` with an environment of their own."""

    def __init__(self, folder: Path, url: str, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._count = folder, 0
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))},
            "HF_ENDPOINT": url,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(folder / "hf"),
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "RHYTHM_MAPS_CACHE": str(folder / "cache"),
            "NO_PROXY": "127.0.0.1,localhost",
            "USE_TORCH": "0",  # datasets would import it for every stream
            "PYTHONPATH": "",
            **environment,
        }
        self._server: subprocess.Popen | None = None

    def start(self, function: str, **arguments: Any) -> Call:
        """Start a call."""
        self._count += 1
        result = self._folder / f"{self._count}.json"
        line = json.dumps({"function": function, "arguments": arguments, "result": str(result)}) + "\n"
        if not _FORKS:
            child = self._popen("once")
            child.stdin.write(line)
            child.stdin.flush()
            return Call(child.pid, result, child)
        self._server = self._server or self._popen("serve")
        self._server.stdin.write(line)
        self._server.stdin.flush()
        return Call(int(self._server.stdout.readline()), result, None)

    def call(self, function: str, **arguments: Any) -> Any:
        """Make a call and wait for it."""
        return self.start(function, **arguments).wait()

    def close(self) -> None:
        if self._server is not None:
            self._server.stdin.close()
            self._server.stdout.close()
            self._server.wait()
            self._server = None

    def _popen(self, mode: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-P", str(_CHILD), mode],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
