"""Our own retry around the Hub's client, which gives up where a second try would do.

Also where its errors become ours: those of the client may hold paths and addresses of this machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from rhythm_maps import limits
from rhythm_maps.errors import HubError, RhythmMapsError

_TRANSIENT = {0, 408, 409, 412, 425, 429, 500, 502, 503, 504}
"""Answers after which the same request may succeed; 0 is no answer at all."""
_T = TypeVar("_T")


def retrying(name: str, what: str, call: Callable[[], _T], pause: Callable[[float], None]) -> _T:
    """Make a call until it succeeds, fails for good, or was tried often enough.

    Args:
        name: the repository, for the message.
        what: what the call does, for the message.
        call: may be made twice without harm.
        pause: called with the seconds to wait between tries: 1 s, doubled each time, or what the Hub asks for.

    Raises:
        HubError: it failed.
    """
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled  # noqa: PLC0415 - heavy

    # The root of all errors of its HTTP library, whichever that is in this version.
    network: tuple[type[Exception], ...] = (HfHubHTTPError.__bases__[0], ConnectionError, TimeoutError)
    caught: tuple[type[Exception], ...] = (*network, OSError, RuntimeError, ValueError)
    wait = 1.0
    for attempt in range(1, limits.HUB_TRIES + 1):
        try:
            return call()
        except RhythmMapsError:
            raise
        except OfflineModeIsEnabled:
            raise HubError(f"{name}: cannot {what}: HF_HUB_OFFLINE is set. Unset it to use the Hub.") from None
        except caught as error:
            found = _network_error(error, network)
            status, after = _status(found)
            if found is None or status not in _TRANSIENT or attempt == limits.HUB_TRIES:
                raise HubError(f"{name}: cannot {what}: {_reason(found or error, status)}", status) from None
            if after > limits.HUB_RETRY_AFTER_SECONDS:
                raise HubError(
                    f"{name}: cannot {what}: the Hub asks to wait {after:.0f} s. Run the same command "
                    "again then; what was uploaded is not sent twice."
                ) from None
        pause(max(after, wait))
        wait = min(2 * wait, limits.HUB_WAIT_SECONDS)
    raise AssertionError("unreachable: the last try returns or raises")


def _network_error(error: BaseException, roots: tuple[type[BaseException], ...]) -> BaseException | None:
    """Return the network error behind an error; uploads wrap theirs in a RuntimeError, datasets in others."""
    at: BaseException | None = error
    while at is not None and not isinstance(at, roots):
        at = at.__cause__ or at.__context__
    return at


def _status(error: BaseException | None) -> tuple[int, float]:
    """Return the status of an answer (0 where there was none) and the seconds that it asks to wait."""
    response = getattr(error, "response", None)
    if response is None:
        return 0, 0.0
    after = str(response.headers.get("Retry-After", ""))
    return int(response.status_code), float(after) if re.fullmatch(r"\d+(\.\d+)?", after) else 0.0


def _reason(error: BaseException, status: int) -> str:
    """Say why in our words: those of the client may hold addresses of this machine."""
    if isinstance(error, ValueError):
        return next(iter(str(error).splitlines()), "the client refuses it")
    if not status and not isinstance(error, ConnectionError | TimeoutError) and isinstance(error, OSError):
        return f"{type(error).__name__}. Check the name and the token, then run the same command again."
    reasons = {
        0: "the connection was lost. Run the same command again; what was uploaded is not sent twice.",
        401: "the Hub does not know the token. Log in with `hf auth login`, or set HF_TOKEN.",
        403: "the token may not do this. It needs write access to the repository and its settings.",
        404: "the Hub does not show it. Check the name, and that the token may see it.",
    }
    busy = "Run the same command again later; what was uploaded is not sent twice."
    return reasons.get(status, f"the Hub answered with status {status}, again and again. {busy}")
