"""What a member may be called: one rule for archives, folders and the names that maps ask for.

Nothing here is ever turned into a path on a disk; a name is only compared with other names. The rule exists
because rows carry names, and somebody else's program may use them as paths.
"""

from __future__ import annotations

from rhythm_maps import limits

_SHOWN = 200
"""Characters of a hostile name that a message shows."""
_DRIVE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def normalise(name: str) -> str:
    r"""Return `name` with "/" between folders, no "." or empty segments: ``.\sb//bg.png`` is ``sb/bg.png``.

    A leading "/" stays, so that `fault` sees an absolute name; a trailing one goes.
    """
    slashed = name.replace("\\", "/")
    if "/" not in slashed and slashed != ".":
        return slashed
    kept = [part for part in slashed.split("/") if part not in {"", "."}]
    return ("/" if slashed.startswith("/") else "") + "/".join(kept)


def fault(name: str) -> str:
    """Say why a normalised name cannot be a member's; empty where it can.

    Refused are absolute names, drive letters, "..", control characters (C0, DEL, C1), lone surrogates (a file
    name that is not text) and names above `limits.NAME_BYTES`.
    """
    return _place_fault(name) or _text_fault(name)


def shown(name: str) -> str:
    """Return a name for a message or the ledger: escaped, quoted and cut, safe on any console."""
    return ascii(name if len(name) <= _SHOWN else name[:_SHOWN] + "...")


def _place_fault(name: str) -> str:
    if not name:
        return "an empty name"
    if name.startswith("/"):
        return "an absolute name"
    if name[1:2] == ":" and name[0] in _DRIVE:
        return "a name with a drive letter"
    if ".." in name and ".." in name.split("/"):
        return "a name that leaves its folder"
    return ""


def _text_fault(name: str) -> str:
    if not name.isprintable() and any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name):
        return "a name with control characters"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "a name that is not valid text"
    return f"a name longer than {limits.NAME_BYTES} bytes" if size > limits.NAME_BYTES else ""
