"""Runs the blocks of a document in a process that knows the test Hub, and prints what their names then hold.

Which Hub there is, huggingface_hub reads when it is imported; hence the process.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from doc_blocks import run_blocks


def main() -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        space = run_blocks(Path(sys.argv[1]))[-1]
    print(
        json.dumps(
            {
                "printed": printed.getvalue(),
                "files": space["charts_files"],
                "per_mode": space["per_mode"].fetchall(),
                "downbeats": space["downbeats"].fetchall(),
                "joined": space["joined"].fetchall(),
                "counts": space["counts"].rows(),
                "training": space["training"].rows(named=True),
            }
        ),
        flush=True,
    )


main()
os._exit(0)  # without Python's own end: threads of the readers can abort there once in a while, all being done
