"""Where the package keeps what it may lose (caches and locks), and what a person set up."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Final

_UNSAFE: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST_PART: Final = 100


def cache_dir() -> Path:
    """Return the cache folder: ``RHYTHM_MAPS_CACHE``, else the platform's own place for caches."""
    named = os.environ.get("RHYTHM_MAPS_CACHE")
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "rhythm_maps"


def config_dir() -> Path:
    """Return the folder of a person's own settings: ``RHYTHM_MAPS_CONFIG``, else the platform's place for them."""
    named = os.environ.get("RHYTHM_MAPS_CONFIG")
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or str(Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "rhythm_maps"


def path_id(path: Path) -> str:
    """Return 16 hex that stand for an absolute path in the name of a cache file or lock."""
    return hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:16]


def printable(text: str) -> str:
    """Return `text` fit for UTF-8 and for a terminal: undecodable bytes and control characters become escapes."""
    clean = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() or c == " " else c.encode("unicode_escape").decode("ascii") for c in clean)


def safe_name(text: str, longest: int = _LONGEST_PART) -> str:
    """Return a text as the name of a file or folder that every system takes; empty where nothing of it is left."""
    clean = _UNSAFE.sub("_", text).strip(" .")[:longest].strip(" .")
    return f"_{clean}" if _RESERVED.fullmatch(clean) else clean


def safe_path(text: str) -> str:
    """Return a path with '/' between its parts so that every system takes it, and it stays below where it begins."""
    return "/".join(safe_name(part) or "_" for part in text.split("/"))


def at_home(path: Path) -> str:
    """Return a path for a message, with "~" for the home folder, whose name tells who somebody is."""
    try:
        return (Path("~") / path.absolute().relative_to(Path.home())).as_posix()
    except (ValueError, RuntimeError):  # it lies elsewhere, or there is no home
        return str(path)
