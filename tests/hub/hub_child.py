"""A process that knows the test Hub from its environment, and runs the functions of `hub_calls`.

huggingface_hub and datasets fix the Hub's address when they are imported, which takes seconds. So one process imports
them once (``serve``) and forks itself for every call; where nothing forks, each call is a new process (``once``).
A call is a line of JSON: function, arguments, and the file that its result is renamed to.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path


def run(line: str) -> None:
    """Run one call and write what came of it."""
    import hub_calls

    call = json.loads(line)
    try:
        result = {"value": getattr(hub_calls, call["function"])(**call["arguments"])}
    except Exception as error:  # noqa: BLE001 - a test decides what it expected
        kinds = [kind.__name__ for kind in type(error).__mro__]
        result = {"kinds": kinds, "message": str(error), "trace": traceback.format_exc()}
    result["logs"] = hub_calls.logs()
    written = Path(call["result"] + ".part")
    written.write_text(json.dumps(result), encoding="utf-8")
    written.replace(call["result"])


def serve() -> None:
    """Fork for every line of the standard input, and answer with the process id."""
    import hub_calls

    hub_calls.warm()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the calls: their results are files
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                run(line)
            finally:
                os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
    serve() if sys.argv[1] == "serve" else run(sys.stdin.readline())
