"""The ways to a dataset: `load_dataset` for everything, `register` for datasets' own call."""

from __future__ import annotations

import functools
import importlib
import operator
import os
from typing import Any

from rhythm_maps import games
from rhythm_maps.errors import InputError, RhythmMapsError, UsageError

ECDC_FOLDER = "ecdc_folder"
"""The builder that is no game's: folders of token files."""

_ARGUMENTS_OF_DATASETS = ("cache_dir", "download_mode", "keep_in_memory")
_OWN_ARGUMENTS = (
    "splits", "min_notes", "filters", "columns", "stars", "playlists", "decode_audio", "facts", "include_ai",
    "include_lights", "weights", "bandwidth", "target_rms", "device", "on_bad_files",
)  # fmt: skip
_OF_A_BUILDER = ("data_dir", "data_files", "cache_dir", "revision", "token", "storage_options")
"""Arguments of datasets that say which files a builder is about."""
_TOKEN_ARGUMENTS = ("cond_root", "on_bad_files")


def builder_module(name: str) -> str:
    """Return the module that holds the builder of a game."""
    return f"rhythm_maps.builders.{name}"


def _builder_class(name: str) -> Any:
    from datasets import DatasetBuilder  # noqa: PLC0415 - importing this package must not import datasets

    module = importlib.import_module(builder_module(name))
    own = (value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__)
    return next(value for value in own if issubclass(value, DatasetBuilder))


def load_dataset(
    path: str | os.PathLike[str],
    name: str | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    data_files: str | os.PathLike[str] | None = None,
    split: str | None = None,
    streaming: bool = False,
    num_proc: int | None = None,
    **kwargs: Any,
) -> Any:
    """Load a dataset from your own maps, from a build, or from the Hub.

    With the name of a game the maps in `data_dir` are scanned (any folder name, any size; unchanged files are not read
    again) and turned into rows; ``"ecdc_folder"`` does so with EnCodec token files and their sidecars
    (`rhythm_maps.builders.ecdc_folder`). Everything else, such as the folder of a build or a Hub repository, goes to
    ``datasets.load_dataset`` as it is. A game's name wins over a local folder of that name; ``./osu`` is the folder.

    Args:
        path: ``"osu"``, ``"beat_saber"``, the folder of a build, or a Hub repository.
        name: config: ``charts`` (default), ``beats``, ``tracks``, ``tokens``, ``examples`` or a preset.
        data_dir: with a game: the folder that holds the maps; for ``examples`` that of a build.
        data_files: with a game: a manifest made by ``rhythm-maps scan``, instead of `data_dir`.
        split: one split; None for all that have rows.
        streaming: read on the fly instead of preparing Arrow files in datasets' cache.
        num_proc: processes that prepare.
        kwargs: what ``datasets.load_dataset`` takes; with a game its ``cache_dir``, ``download_mode`` and
            ``keep_in_memory``, and our own ``splits``, ``min_notes``, ``filters``, ``columns``, ``stars``,
            ``playlists``, ``decode_audio``, ``facts``, ``include_ai``, ``include_lights``, ``weights``, ``bandwidth``,
            ``target_rms``, ``device`` and ``on_bad_files`` (see `rhythm_maps.builders.base.MapsConfig`). ``filters``
            of a build or a repository hold beside those of its preset.

    Returns:
        What ``datasets.load_dataset`` returns.

    Raises:
        UsageError: an unknown config or argument, or no input.
        InputError: a path does not exist.
        NoDataError: no mapset, or no row.
        BadFileError: a map was rejected while ``on_bad_files="error"``.
    """
    import datasets  # noqa: PLC0415 - importing this package must not import datasets

    path = os.fspath(path)
    if path not in {*games.names(), ECDC_FOLDER}:
        kwargs |= {"data_dir": None if data_dir is None else os.fspath(data_dir), "data_files": data_files}
        if kwargs.get("filters") is not None:
            kwargs |= _with_preset(path, name, kwargs)
        return datasets.load_dataset(path, name, split=split, streaming=streaming, num_proc=num_proc, **kwargs)
    cache_dir, download_mode, keep_in_memory = (kwargs.pop(key, None) for key in _ARGUMENTS_OF_DATASETS)
    if path == ECDC_FOLDER:
        builder = _make_token_builder(name, data_dir, data_files, cache_dir, kwargs)
    else:
        builder = _make_builder(path, name, data_dir, data_files, cache_dir, kwargs)
    if streaming:
        if num_proc is not None:
            raise UsageError("streaming=True goes without num_proc: use a DataLoader with workers")
        return builder.as_streaming_dataset(split=split)
    _prepare(builder, num_proc, download_mode)
    if keep_in_memory is None:
        keep_in_memory = datasets.utils.info_utils.is_small_dataset(builder.info.dataset_size)
    return builder.as_dataset(split=split, in_memory=keep_in_memory)


def _with_preset(path: str, name: str | None, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return filters that hold beside those of a published preset, which datasets would replace by the caller's.

    datasets compares the number of rows with the card's, which filters change; so it must not.
    """
    import datasets  # noqa: PLC0415 - as above
    from pyarrow import parquet  # noqa: PLC0415 - as above

    asked = {key: kwargs[key] for key in _OF_A_BUILDER if kwargs.get(key) is not None}
    own = getattr(datasets.load_dataset_builder(path, name, **asked).config, "filters", None)
    both = [one for one in (own, kwargs["filters"]) if one is not None]
    first, *more = (parquet.filters_to_expression(one) if isinstance(one, list) else one for one in both)
    return {"filters": functools.reduce(operator.and_, more, first), "verification_mode": "no_checks"} | (
        {"verification_mode": kwargs["verification_mode"]} if "verification_mode" in kwargs else {}
    )


def _prepare(builder: Any, num_proc: int | None, download_mode: str | None) -> None:
    from datasets.exceptions import DatasetGenerationError  # noqa: PLC0415 - as above

    try:
        builder.download_and_prepare(num_proc=num_proc, download_mode=download_mode)
    except DatasetGenerationError as error:
        # datasets wraps what a builder raises; the reason is ours and worth more than "an error occurred".
        if isinstance(error.__cause__, RhythmMapsError):
            raise error.__cause__ from None
        raise


def _make_builder(
    game: str, name: str | None, data_dir: object, data_files: object, cache_dir: object, kwargs: dict[str, Any]
) -> Any:
    from rhythm_maps.build.spec import code_digest  # noqa: PLC0415 - pulls in pyarrow
    from rhythm_maps.sources.places import find_places  # noqa: PLC0415 - as above

    if data_dir is None and data_files is None:
        found = find_places(games.get(game))
        seen = "".join(f'\n  data_dir="{path.as_posix()}"' for path in found)
        raise UsageError(
            f'load_dataset("{game}") needs your maps: data_dir="folder of exports", or data_files="manifest.jsonl". '
            f'A folder called {game} is opened as "./{game}".' + (f"\nFound on this machine:{seen}" if found else "")
        )
    if data_dir is not None and data_files is not None:
        raise UsageError("give data_dir or data_files, not both: a manifest names its folders itself")
    unknown = sorted(set(kwargs) - set(_OWN_ARGUMENTS))
    if unknown:
        raise UsageError(f"{game} takes no argument {', '.join(unknown)}: expected some of {', '.join(_OWN_ARGUMENTS)}")
    cls = _builder_class(game)
    known = [config.name for config in cls.BUILDER_CONFIGS]
    if name is not None and name not in known:
        raise UsageError(f"{game} has no config {name!r}: expected one of {', '.join(known)}")
    return cls(
        config_name=name or cls.DEFAULT_CONFIG_NAME,
        data_dir=None if data_dir is None else os.path.abspath(os.path.expanduser(os.fspath(data_dir))),  # type: ignore[call-overload]
        manifest=None if data_files is None else os.path.abspath(os.path.expanduser(os.fspath(data_files))),  # type: ignore[call-overload]
        cache_dir=None if cache_dir is None else os.fspath(cache_dir),  # type: ignore[call-overload]
        hash=code_digest(),
        **kwargs,
    )


def _make_token_builder(
    name: str | None, data_dir: Any, data_files: object, cache_dir: Any, kwargs: dict[str, Any]
) -> Any:
    from rhythm_maps.build.spec import code_digest  # noqa: PLC0415 - pulls in pyarrow

    if data_dir is None or data_files is not None:
        raise UsageError(f'load_dataset("{ECDC_FOLDER}") needs data_dir="folder of .ecdc files", and no data_files')
    unknown = sorted(set(kwargs) - set(_TOKEN_ARGUMENTS))
    if unknown:
        known = ", ".join(_TOKEN_ARGUMENTS)
        raise UsageError(f"{ECDC_FOLDER} takes no argument {', '.join(unknown)}: expected some of {known}")
    cls = _builder_class(ECDC_FOLDER)
    if name not in {None, cls.DEFAULT_CONFIG_NAME}:
        raise UsageError(f"{ECDC_FOLDER} has no config {name!r}: expected {cls.DEFAULT_CONFIG_NAME}")
    folder = os.path.abspath(os.path.expanduser(os.fspath(data_dir)))
    if not os.path.isdir(folder):  # noqa: PTH112 - a Path would have to be made of it first
        raise InputError(f"{folder}: no such folder")
    cache = None if cache_dir is None else os.fspath(cache_dir)
    return cls(config_name=cls.DEFAULT_CONFIG_NAME, data_dir=folder, cache_dir=cache, hash=code_digest(), **kwargs)


def register() -> tuple[str, ...]:
    """Make ``datasets.load_dataset("osu", ...)`` find the builders, in this process and the workers it starts.

    datasets has no public way to add a builder, so this writes to a private table of it; a test watches the table.
    After this a game's name wins over a local folder and a Hub repository of that name; ``./osu`` still opens a folder.
    The plain call lists `data_dir` itself before the builder runs: it is slow on large folders and fails on names with
    brackets. `rhythm_maps.load_dataset` does neither.

    Returns:
        The names that were registered.

    Raises:
        RhythmMapsError: this version of datasets keeps its table elsewhere.
    """
    from rhythm_maps.build.spec import code_digest  # noqa: PLC0415 - pulls in pyarrow

    try:
        from datasets.packaged_modules import _PACKAGED_DATASETS_MODULES as table  # noqa: N811, PLC0415 - see above
    except ImportError as error:
        raise RhythmMapsError(
            "this version of datasets has no table of packaged modules; use rhythm_maps.load_dataset, which needs none"
        ) from error
    names = (*games.names(), ECDC_FOLDER)
    for name in names:
        table[name] = (builder_module(name), code_digest())
    return names
