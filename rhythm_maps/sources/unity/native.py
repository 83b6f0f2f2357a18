"""FMOD in a process of its own: native code that meets a damaged song may end that process, never this one.

The process is started when the first song is decoded, answers one request after the other, and ends with its pipe.

::

    request    u32 length  u32 channels  u32 rate  the bank       all numbers little-endian
    answer     u32 length  u8 0 (a WAV file) or 1 (why not)  bytes
"""

from __future__ import annotations

import atexit
import os
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, MissingExtra

_REQUEST, _ANSWER = struct.Struct("<III"), struct.Struct("<IB")
_GOOD, _BAD, _NO_EXTRA = range(3)
_lock = threading.Lock()
_workers: dict[int, subprocess.Popen[bytes]] = {}
"""The worker of this process, by process id: a fork must not share its parent's pipe."""


def decode(bank: bytes, channels: int, rate: int, place: str) -> bytes:
    """Decode an FSB5 sound into a WAV file of 16-bit samples.

    Args:
        bank: the sound bank; `fsb5.read_sound` has accepted it.
        channels, rate: as its header says.
        place: where it comes from, for messages.

    Raises:
        BadFormat: FMOD refuses it, crashes on it or needs longer than `limits.FSB_SECONDS` (``unreadable_audio``).
        MissingExtra: UnityPy is not installed.
    """
    with _lock:
        worker = _worker()
        timer = threading.Timer(limits.FSB_SECONDS, worker.kill)
        timer.start()
        try:
            kind, answer = _ask(worker, _REQUEST.pack(len(bank), channels, rate) + bank)
        except (OSError, EOFError, struct.error) as error:
            _forget()
            reason = "FMOD gave up on it: it crashed or took too long"
            raise BadFormat("unreadable_audio", reason, place) from error
        finally:
            timer.cancel()
    if kind == _NO_EXTRA:
        raise MissingExtra(answer.decode("utf-8", "replace"))
    if kind != _GOOD:
        raise BadFormat("unreadable_audio", answer.decode("utf-8", "replace"), place)
    return answer


def _ask(worker: subprocess.Popen[bytes], request: bytes) -> tuple[int, bytes]:
    if worker.stdin is None or worker.stdout is None:
        raise EOFError
    worker.stdin.write(request)
    worker.stdin.flush()
    size, kind = _ANSWER.unpack(_exactly(worker.stdout, _ANSWER.size))
    return kind, _exactly(worker.stdout, size)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def _worker() -> subprocess.Popen[bytes]:
    worker = _workers.get(os.getpid())
    if worker is None or worker.poll() is not None:
        _forget()
        worker = subprocess.Popen(  # noqa: S603 - this interpreter and this module
            [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {sys.path!r}; import {__name__} as m; m.serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        _workers[os.getpid()] = worker
    return worker


@atexit.register
def _forget() -> None:
    """End this process's worker."""
    worker = _workers.pop(os.getpid(), None)
    if worker is None:
        return
    worker.kill()
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            with suppress(OSError):  # what was not written yet goes nowhere
                stream.close()
    worker.wait()


def serve() -> None:
    """Answer requests on standard input until it ends: what the worker process runs."""
    from rhythm_maps.sources.unity.unity import fmod_wav  # noqa: PLC0415

    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between the answers
    while len(head := requests.read(_REQUEST.size)) == _REQUEST.size:
        size, channels, rate = _REQUEST.unpack(head)
        bank = requests.read(size)
        try:
            kind, answer = _GOOD, fmod_wav(bank, channels, rate, "")
        except BadFormat as error:
            kind, answer = _BAD, error.reason.encode()
        except MissingExtra as error:
            kind, answer = _NO_EXTRA, str(error).encode()
        answers.write(_ANSWER.pack(len(answer), kind) + answer)
        answers.flush()
