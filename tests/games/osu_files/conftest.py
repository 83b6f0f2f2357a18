"""The tests of osu!'s binary files share the module `osu_bytes` beside this file."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
