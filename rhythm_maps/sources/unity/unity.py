"""All that is asked of UnityPy, and the one module that imports it (extra ``[unity]``).

UnityPy brings what is Unity's and not the game's: the trees of Unity's own classes in every version, its table of
common texts, a generator of trees from the game's assemblies, and FMOD, which decodes the game's songs. Whatever these
throw leaves as `BadFormat`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from rhythm_maps.errors import BadFormat, MissingExtra, RhythmMapsError
from rhythm_maps.sources.unity.bundle import MISSING_EXTRA
from rhythm_maps.sources.unity.trees import ALIGN, Node

_ASSEMBLIES = ("BeatmapCore", "DataModels", "GameplayCore", "Main", "HMLib")
"""Where the game keeps its level classes, by version; all other assemblies come after these."""

_THROWN = (
    ValueError, TypeError, AttributeError, LookupError, ArithmeticError, AssertionError, RuntimeError, EOFError,
    OSError, MemoryError, struct.error,
)  # fmt: skip
"""What these libraries raise on input that they do not expect, by reading them; FMOD's own error aside."""


@contextmanager
def _translated(code: str, what: str, place: str) -> Iterator[None]:
    try:
        yield
    except RhythmMapsError:
        raise
    except ImportError as error:
        raise MissingExtra(MISSING_EXTRA) from error
    except _THROWN as error:
        reason = f"{what} ({type(error).__name__})"
        raise BadFormat(code, reason, place) from error


@cache
def _texts() -> dict[int, str]:
    with _translated("bad_bundle", "UnityPy's table of texts cannot be read", ""):
        from UnityPy.helpers.Tpk import get_common_strings  # noqa: PLC0415

        texts: dict[int, str] = get_common_strings()
        return texts


def common_text(offset: int) -> str:
    """Return Unity's own text at an offset of its table; the number where there is none."""
    return _texts().get(offset, str(offset))


def class_tree(class_id: int, version: str, place: str) -> Node:
    """Return the tree of one of Unity's own classes.

    Raises:
        BadFormat: UnityPy knows no such class in this version of Unity (``no_type_tree``).
        MissingExtra: UnityPy is not installed.
    """
    with _translated("no_type_tree", f"no tree of class {class_id} of Unity {version[:20]!r} is known", place):
        return _class_tree(class_id, version)


@cache
def _class_tree(class_id: int, version: str) -> Node:
    from UnityPy.helpers.Tpk import get_typetree_node  # noqa: PLC0415
    from UnityPy.helpers.UnityVersion import UnityVersion  # noqa: PLC0415

    return _converted(get_typetree_node(class_id, UnityVersion.from_str(version)))


def _converted(node: Any) -> Node:
    aligned = bool((node.m_MetaFlag or 0) & ALIGN)
    return Node(node.m_Type, node.m_Name, aligned, [_converted(child) for child in node.m_Children])


class ManagedTrees:
    """Trees of the game's classes made from an install's ``Managed`` folder, where TypeTreeGeneratorAPI is installed.

    Args:
        folder: the folder of assemblies; None where the install has none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._generator: Any = None
        self._known: dict[str, Node | None] = {}

    def tree(self, class_name: str, version: str, place: str) -> Node | None:
        """Return the tree of a class without a namespace, None where it cannot be made."""
        if self._folder is None or not self._folder.is_dir():
            return None
        if class_name not in self._known:
            try:
                self._known[class_name] = self._make(self._folder, class_name, version, place)
            except (BadFormat, MissingExtra):
                self._known[class_name] = None
        return self._known[class_name]

    def _load(self, path: Path, place: str) -> None:
        """Load an assembly; one that is none (a native library) is left out."""
        with suppress(BadFormat), _translated("no_type_tree", "no assembly", place):
            self._generator.load_dll(path.read_bytes())

    def _make(self, folder: Path, class_name: str, version: str, place: str) -> Node | None:
        with _translated("no_type_tree", "the game's assemblies cannot be read", place):
            if self._generator is None:
                from UnityPy.helpers.TypeTreeGenerator import TypeTreeGenerator  # noqa: PLC0415

                self._generator = TypeTreeGenerator(version)
                for path in sorted(folder.glob("*.dll")):
                    self._load(path, place)
        others = sorted(path.stem for path in folder.glob("*.dll"))
        for assembly in dict.fromkeys([*(name for name in _ASSEMBLIES if name in others), *others]):
            try:
                with _translated("no_type_tree", "not in this assembly", place):
                    return _converted(self._generator.get_nodes_up(assembly, class_name))
            except BadFormat:
                continue
        return None


def fmod_wav(data: bytes, channels: int, rate: int, place: str) -> bytes:
    """Decode an FSB5 sound with FMOD, in this process, into a WAV file of 16-bit samples.

    FMOD is native code: on bytes that nobody vouches for, call it by `native.decode`, in a process of its own.

    Raises:
        BadFormat: FMOD refuses it (``unreadable_audio``).
        MissingExtra: UnityPy is not installed.
    """
    with _translated("unreadable_audio", "FMOD cannot decode it", place):
        import fmod_toolkit  # noqa: PLC0415 - comes with UnityPy
        from pyfmodex.exceptions import FmodError  # noqa: PLC0415 - importable once fmod_toolkit is

        try:
            sounds: dict[str, bytes] = fmod_toolkit.raw_to_wav(data, "song", channels, rate)
        except FmodError as error:
            raise BadFormat("unreadable_audio", f"FMOD cannot decode it ({error})", place) from error
        return next(iter(sounds.values()))
