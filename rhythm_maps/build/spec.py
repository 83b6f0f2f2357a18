"""The frozen description of one build: with the manifest, all that decides its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from rhythm_maps import games, limits
from rhythm_maps.build import presets
from rhythm_maps.build.example_columns import example_columns
from rhythm_maps.build.opt_outs import OptOuts
from rhythm_maps.build.playlists import read_playlists
from rhythm_maps.build.presets import Filter
from rhythm_maps.columns import Column
from rhythm_maps.errors import UsageError
from rhythm_maps.schema import BEATS_CONFIG, SCHEMA_VERSION, TOKENS, TRACKS, chart_columns
from rhythm_maps.tokens.settings import TokenSettings, signal_versions, token_settings

CONFIGS = ("charts", "beats", "tracks", "tokens")
"""Stored configs, in the order in which a build lists them; charts is the default."""
DEFAULT_CONFIGS = ("charts", "beats", "tracks")
"""What a build makes unless asked: tokens need torch, the weights of a codec and hours for a large collection."""
EXAMPLES = "examples"
"""The config that joins the others of a build; it is never stored."""


class Spec(msgspec.Struct, frozen=True):
    """One build.

    Attributes:
        game: name of the game.
        configs: which of `CONFIGS` are made.
        min_notes: charts with fewer notes give no row.
        preset: keep only the charts of this preset; "" for all.
        filters: further filters over chart columns; all must hold.
        stars: compute star ratings instead of taking them from a library of the game.
        decode_audio: decode every recording, for its true length, its status and its loudness.
        include: what the game decodes on request only (`Game.extras`), sorted: ``lights``.
        include_ai: keep charts that their source declares AI-made.
        playlist: keep only the charts that this lists (`playlists.read_playlists`); empty for all.
        opt_outs: leave out the charts that these keys mean (`opt_outs.OptOuts`).
        tokens: what decides the codes of `tokens`; None where that config is not made.
        row_group_bytes: largest row group.
        schema_version: version of the columns.
    """

    game: str
    configs: tuple[str, ...] = DEFAULT_CONFIGS
    min_notes: int = 1
    preset: str = ""
    filters: tuple[Filter, ...] = ()
    stars: bool = False
    include: tuple[str, ...] = ()
    include_ai: bool = False
    playlist: tuple[str, ...] = ()
    decode_audio: bool = False
    opt_outs: tuple[str, ...] = ()
    tokens: TokenSettings | None = None
    row_group_bytes: int = limits.ROW_GROUP_BYTES
    schema_version: str = SCHEMA_VERSION

    @property
    def all_filters(self) -> tuple[Filter, ...]:
        """Return the preset's filters and the further ones."""
        own = presets.get(self.game, self.preset).filters if self.preset else ()
        return own + self.filters


def make_spec(
    game: str,
    *,
    configs: Sequence[str] = DEFAULT_CONFIGS,
    min_notes: int = 1,
    preset: str = "",
    filters: Sequence[Sequence[Any]] = (),
    stars: bool = False,
    include: Sequence[str] = (),
    include_ai: bool = False,
    playlists: Sequence[str | PathLike[str]] = (),
    decode_audio: bool = False,
    opt_outs: OptOuts | None = None,
    tokens: TokenSettings | None = None,
    row_group_bytes: int = limits.ROW_GROUP_BYTES,
) -> Spec:
    """Check the parts of a build's description and put them together.

    Args:
        game: name of the game.
        configs: which of `CONFIGS` to make.
        min_notes: charts with fewer notes give no row.
        preset: keep only its charts.
        filters: further filters over chart columns.
        stars: compute star ratings.
        include: what the game decodes on request only (`Game.extras`).
        include_ai: keep charts that their source declares AI-made.
        playlists: files whose charts are kept, and no others.
        decode_audio: decode every recording; the config `tokens` does so anyway.
        tokens: for the config `tokens`; None for pretrained weights at 6 kbps.
        row_group_bytes: largest row group.

    Raises:
        UsageError: an unknown game, config, preset, column or extra; a number out of range.
        UsageError, InputError, BadFormat: as `playlists.read_playlists`.
        RhythmMapsError: as `token_settings`, so that a build never begins what it cannot finish.
    """
    own = games.get(game)
    unknown = [name for name in configs if name not in CONFIGS]
    if unknown or not configs:
        raise UsageError(
            f"unknown configs {', '.join(unknown) or '(none given)'}: expected some of {', '.join(CONFIGS)}"
        )
    if min_notes < 0:
        raise UsageError(f"min_notes is {min_notes}: expected 0 or more")
    if row_group_bytes < limits.MIB:
        raise UsageError(f"row_group_bytes is {row_group_bytes}: expected at least {limits.MIB}")
    if preset:
        presets.get(game, preset)
    checked = presets.check_filters(filters, chart_columns(own.columns), "filters", lists=True)
    strange = [name for name in include if name not in own.extras]
    if strange:
        known = f"expected some of {', '.join(own.extras)}" if own.extras else f"{own.title} has nothing on request"
        raise UsageError(f"include {', '.join(strange)}: {known}")
    ordered = tuple(name for name in CONFIGS if name in configs)
    listed = read_playlists(game, playlists)
    if stars:
        own.stars(b"")  # says now, and not in the middle of a build, that its library is missing
    wanted = (tokens or token_settings()) if "tokens" in ordered else None
    # What makes tokens decodes each recording anyway, so its true length and status are had for nothing.
    decode_audio = decode_audio or wanted is not None
    return Spec(
        game,
        ordered,
        min_notes,
        preset,
        checked,
        stars=stars,
        include=tuple(sorted(set(include))),
        include_ai=include_ai,
        playlist=listed,
        decode_audio=decode_audio,
        opt_outs=opt_outs.keys if opt_outs else (),
        tokens=wanted,
        row_group_bytes=row_group_bytes,
    )


def columns(game: str, config: str) -> tuple[Column, ...]:
    """Return the columns of a stored config, of `EXAMPLES`, or of a preset (which has those of charts)."""
    if config == "beats":
        return BEATS_CONFIG
    if config == "tracks":
        return TRACKS
    if config == "tokens":
        return TOKENS
    if config == EXAMPLES:
        return example_columns(games.get(game).columns)
    return chart_columns(games.get(game).columns)


def package_versions(spec: Spec | None = None) -> dict[str, str]:
    """Return the versions of what decides the bytes of a build: they are part of its key."""
    from importlib.metadata import version  # noqa: PLC0415 - only builds need it

    base = {"rhythm_maps": version("rhythm-maps"), "pyarrow": pa.__version__, "schema": SCHEMA_VERSION}
    return {**base, **(signal_versions() if spec is not None and spec.tokens is not None else {})}


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Return a sha256 of the package's own source files, presets and card texts: what caches must not outlive."""
    digest = hashlib.sha256()
    for package in ("rhythm_maps", "rhythm_maps.builders", "rhythm_maps.configs", "rhythm_maps.hub_cards"):
        for root in map(Path, import_module(package).__path__):
            for file in sorted(root.rglob("*")):
                if file.suffix in {".py", ".toml", ".md"}:
                    digest.update(f"{package}/{file.relative_to(root).as_posix()}\0".encode())
                    digest.update(file.read_bytes())
    return digest.hexdigest()


def build_key(manifest_digest: str, spec: Spec) -> str:
    """Return 12 hex that name a build: same manifest (whatever its roots), spec and code, same bytes."""
    parts = [manifest_digest, spec, package_versions(spec), code_digest()]
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:12]
