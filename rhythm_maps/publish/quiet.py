"""Keeps folders of this machine out of logs while something is published."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_NAME_FOLDERS = ("filelock", "matplotlib", "huggingface_hub.file_download")
"""Loggers whose DEBUG lines name files in the user's home; ours do not."""


@contextmanager
def no_local_paths() -> Iterator[None]:
    """Hear of these libraries what they say from INFO on, whatever level was asked for.

    People paste the log of a push that went wrong into an issue.
    """
    loggers = [logging.getLogger(name) for name in _NAME_FOLDERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
