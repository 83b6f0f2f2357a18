"""The errors that leave the package, and nothing else does.

::

    RhythmMapsError
     +-- UsageError (ValueError)          the call is wrong: fix the arguments
     +-- InputError (OSError)             a path cannot be read: fix the path
     +-- BadFormat (ValueError)           one file or member is not what it says: it is rejected, the rest goes on
     |    +-- BadArchive                  the same for a zip or gzip container
     |    +-- LimitExceeded               it may be right, but it is larger than `limits.py` allows
     +-- BadFileError (ValueError)        an input was rejected and the caller asked for `on_bad_files="error"`
     +-- NoDataError (ValueError)         everything was read, and nothing is left: no mapset, or no row after filters
     +-- BuildError (RuntimeError)        a build cannot go on; finished work is kept and a new run resumes it
     +-- HubError (OSError)               the Hub refused or could not be reached; readers see what they saw before
     |    +-- Conflict                    somebody else has pushed in the meantime: look, then push again
     +-- MissingExtra (ImportError)       an optional dependency is missing; the message says how to install it

A leaf is what the caller can do about it. Each message says what is wrong, where, what was expected and what to do.
`BadFormat` carries a code and a place, which become a line of the ledger.
"""

from __future__ import annotations


class RhythmMapsError(Exception):
    """The root of every error that this package raises on purpose."""


class UsageError(RhythmMapsError, ValueError):
    """The call or command is wrong: an unknown name, contradictory or missing arguments."""


class InputError(RhythmMapsError, OSError):
    """A path that was given does not exist or cannot be read."""


class BadFormat(RhythmMapsError, ValueError):  # noqa: N818 - reads as what it is
    """One file or member is not what it claims to be.

    Attributes:
        code: short machine-readable word for the ledger, such as ``bad_zip``.
        reason: what is wrong and what was expected, for a person.
        place: where: a member name, ``line 12``, ``byte 4711``, or a JSON path; empty when it is the whole input.
    """

    def __init__(self, code: str, reason: str, place: str = "") -> None:
        super().__init__(code, reason, place)
        self.code = code
        self.reason = reason
        self.place = place

    def __str__(self) -> str:
        where = f" at {self.place}" if self.place else ""
        return f"{self.reason}{where} [{self.code}]"


class BadArchive(BadFormat):
    """A zip or gzip container is damaged, hostile or not a container at all."""


class LimitExceeded(BadFormat):
    """A size, count or ratio is above what `rhythm_maps.limits` allows; nothing was allocated for it."""


class BadFileError(RhythmMapsError, ValueError):
    """An input was rejected while ``on_bad_files="error"`` was asked for."""


class NoDataError(RhythmMapsError, ValueError):
    """Every input was read and nothing is left to return."""


class BuildError(RhythmMapsError, RuntimeError):
    """A build cannot go on; its finished work is kept, and running it again resumes it."""


class HubError(RhythmMapsError, OSError):
    """The Hub refused a request or could not be reached; running the same command again goes on where it was.

    Attributes:
        status: the HTTP status it answered with; 0 where it did not, or where it is not about one answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Conflict(HubError):  # noqa: N818 - reads as what it is
    """Somebody else changed the repository while it was being worked on; nothing of either side is lost."""


class MissingExtra(RhythmMapsError, ImportError):  # noqa: N818
    """An optional dependency is not installed; the message holds the command that installs it."""
