"""A build as an ordinary ``DatasetDict`` under the same policy as a push, for those who push by hand."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from rhythm_maps.build import opt_outs as opt_out_files
from rhythm_maps.build import presets
from rhythm_maps.build.manifest import SPLITS
from rhythm_maps.build.spec import code_digest
from rhythm_maps.errors import NoDataError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing
from rhythm_maps.files.paths import cache_dir
from rhythm_maps.publish.policy import DEFAULT_PROFILE, Policy
from rhythm_maps.publish.stage import build_info, check_weights, choose_configs, make_policy, preset_rows, project
from rhythm_maps.publish.verdicts import refusals

if TYPE_CHECKING:
    from datasets import DatasetDict


def to_dataset_dict(
    build: str | os.PathLike[str],
    config: str = "charts",
    *,
    profile: str = DEFAULT_PROFILE,
    public: bool = True,
    rights: str = "",
    permissions: str | os.PathLike[str] | None = None,
    opt_outs: str | os.PathLike[str] | None = None,
    force_weights: bool = False,
) -> DatasetDict:
    """Return a config or preset of a build as a ``DatasetDict`` that holds nothing a push would leave out.

    ``to_dataset_dict(build, "charts").push_to_hub("me/maps", "charts")`` is then an ordinary push; it has no card, no
    ledger and no version, which ``rhythm-maps push`` has.

    Args:
        build: the folder of a build.
        config: charts, beats, tracks, tokens, or a preset.
        profile: annotations, maps, tokens or audio: which columns.
        public: the rules of a public push hold; False where it goes to a private repository and nowhere else.
        rights: the basis of publishing more than annotations.
        permissions: a file of permissions, one JSON line a map.
        opt_outs: a file of opt-outs; None for your own list.
        force_weights: take tokens of an encoder that is not the published one.

    Raises:
        UsageError: it is no build, has no such config, or the profile does not carry it.
        NoDataError: the policy or the preset leaves no row.
        InputError, BadFormat: a file of permissions or opt-outs cannot be read.
    """
    import datasets  # noqa: PLC0415 - importing this package must not import datasets

    folder = Path(build).expanduser().absolute()
    listed = None if permissions is None else Path(permissions).expanduser()
    opted = opt_out_files.read(None if opt_outs is None else Path(opt_outs).expanduser())
    policy = make_policy(profile=profile, public=public, rights=rights, permissions=listed, opt_outs=opted)
    info = build_info(folder)
    preset = presets.presets(info["game"]).get(config)
    stored = "charts" if preset is not None else config
    [stored] = choose_configs(info, policy, [stored])
    made = _tables(folder, info, policy, stored)
    files = {split: [str(path) for path in sorted((made / stored).glob(f"{split}-*.parquet"))] for split in SPLITS}
    rows = {stored: dict.fromkeys((split for split in SPLITS if files[split]), 1)}
    if stored == "tokens" and not force_weights:
        check_weights(made, rows)
    filters: list[tuple[str, str, Any]] | None = None
    if preset is not None:
        filters = list(preset.filters)
        rows = {stored: preset_rows(made, info["game"], rows).get(config, {})}
    if not rows[stored]:
        raise NoDataError(f"{folder}: {config} has no row that may be published")
    wanted = {split: files[split] for split in rows[stored]}
    loaded = datasets.load_dataset("parquet", data_files=wanted, filters=filters)
    assert isinstance(loaded, datasets.DatasetDict)
    return loaded


def _tables(folder: Path, info: dict[str, Any], policy: Policy, config: str) -> Path:
    """Write the projected tables into the cache, where they are found again; return their folder."""
    key = [info["content_sha256"], config, policy, code_digest()]
    name = hashlib.sha256(msgspec.json.encode(key, order="deterministic")).hexdigest()[:24]
    made = cache_dir() / "published" / name
    if made.is_dir():
        return made
    projection, _ = project(folder, info, policy)
    with writing(made, "Call it again when it is mended."):
        part = made.with_name(f"{name}.part")
        atomic.remove_tree(part)
        atomic.make_folder(part)
        rows: Mapping[str, int] = projection.write(config, part)
        if not rows:
            raise NoDataError(f"{folder}: no row of {config} may be published.{refusals(projection.verdicts)}")
        atomic.rename(part, made)
    return made


__all__ = ["to_dataset_dict"]
