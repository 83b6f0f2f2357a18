"""The Python blocks of a Markdown file."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_OPEN, _CLOSE = "```python", "```"


def python_blocks(path: Path) -> list[tuple[int, str]]:
    """Return (number of the line before the first one, source) of every fenced Python block, in order."""
    blocks: list[tuple[int, str]] = []
    lines: list[str] | None = None
    start = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if lines is None and line == _OPEN:
            lines, start = [], number
        elif lines is not None and line == _CLOSE:
            blocks.append((start, "\n".join(lines) + "\n"))
            lines = None
        elif lines is not None:
            lines.append(line)
    assert lines is None, f"{path.name}: the block of line {start} is never closed"
    return blocks


def run_blocks(path: Path) -> list[dict[str, object]]:
    """Run a file's Python blocks in order in one namespace, and return what it held after each.

    Tracebacks name the file and its lines.
    """
    space: dict[str, object] = {"__name__": path.stem}
    after = []
    for start, source in python_blocks(path):
        exec(compile("\n" * start + source, str(path), "exec"), space)
        after.append(dict(space))
    return after
