"""The most memory that this process itself has held.

``ru_maxrss`` of a child begins with what its parent held: Linux keeps it over fork and exec.
"""

from __future__ import annotations

import sys
from pathlib import Path


def peak_bytes() -> int:
    """Return the peak of the resident set in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
