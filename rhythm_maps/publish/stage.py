"""The folder that a push uploads: a build as a policy leaves it, in a shape that `load_dataset` opens.

Same build and same policy, same bytes. What a policy leaves out is in no byte of the folder: not in the tables, not in
the ledger, not on the card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from datasets import Features

from rhythm_maps import limits
from rhythm_maps.build import opt_outs as opt_out_files
from rhythm_maps.build import presets
from rhythm_maps.build.assemble import reject_codes
from rhythm_maps.build.features import features
from rhythm_maps.build.opt_outs import OptOuts
from rhythm_maps.build.run import read_info
from rhythm_maps.build.spec import CONFIGS, columns
from rhythm_maps.errors import NoDataError, UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing
from rhythm_maps.publish import records
from rhythm_maps.publish.card import write_card
from rhythm_maps.publish.extras import CREDITS, MADE_HERE, OF_CREDITS, preview_columns, write_credits, write_preview
from rhythm_maps.publish.facts import CardFacts, Change
from rhythm_maps.publish.merge import merge_shards
from rhythm_maps.publish.permissions import read_permissions
from rhythm_maps.publish.policy import (
    DEFAULT_PROFILE,
    STALE,
    Policy,
    carries,
    kept_columns,
    needed_profile,
)
from rhythm_maps.publish.project import Projection, rederive
from rhythm_maps.publish.records import Tombstone
from rhythm_maps.publish.verdicts import files, judge, read, refusals

_OTHER_FILES = 40
"""Files of a version beside its tables: card and pictures, ledger, groups, change log, what its owner put there."""
Rows = dict[str, dict[str, int]]
"""Config -> split -> rows."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A folder that is ready to be pushed.

    Attributes:
        folder: where it is.
        files: its files, relative, sorted.
        rows: config -> split -> rows; splits and configs without rows do not exist.
        features: config -> its features.
        left_out: reason -> charts that the policy left out (recordings where the build has no charts).
        examples: reason -> the first of their ids, for the person who pushes; they are in no file.
        info: the content of its ``meta/info.json``.
    """

    folder: Path
    files: tuple[str, ...]
    rows: Rows
    features: Mapping[str, Features]
    left_out: Mapping[str, int]
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)


def make_policy(
    *,
    profile: str = DEFAULT_PROFILE,
    public: bool = False,
    rights: str = "",
    permissions: Path | None = None,
    opt_outs: OptOuts | None = None,
) -> Policy:
    """Read what a policy needs; `opt_outs` None is this person's own list (`opt_outs.default_file`).

    Raises:
        UsageError: an unknown profile, or more than annotations without `rights`.
        InputError, BadFormat: a file of permissions or opt-outs cannot be read.
    """
    known = read_permissions(permissions) if permissions is not None else {}
    opted = opt_out_files.read() if opt_outs is None else opt_outs
    return Policy(profile, public, rights.strip(), known, opted)


def stage(
    build: Path,
    out: Path,
    *,
    profile: str = DEFAULT_PROFILE,
    configs: Sequence[str] | None = None,
    public: bool = False,
    rights: str = "",
    permissions: Path | None = None,
    opt_outs: OptOuts | None = None,
    repo: str = "",
    version: str = "",
    changes: Callable[[Path], Iterable[Change]] = lambda folder: (),
    tombstones: Iterable[Tombstone] = (),
    force_weights: bool = False,
    again: bool = False,
) -> Staged:
    """Write the folder of a push.

    Args:
        build: the folder of a build.
        out: the folder to make; an older one of the same kind is replaced.
        profile: which columns (`policy.PROFILES`).
        configs: which configs; None for all that the profile carries.
        public: everybody will see it.
        rights: the basis of publishing more than annotations.
        permissions: file of permissions (`permissions.read_permissions`).
        opt_outs: rows to leave out; None for this person's own list.
        repo: "owner/name", for the card.
        version: the version being published, for the card and new tombstones.
        changes: told the folder when its data is whole, returns the change log for the card, newest first.
        tombstones: those of the versions before this one (`records.read_tombstones`), which stay.
        force_weights: publish tokens of an encoder that is not the published one.
        again: `build` is what a push made: a version that was let out already, from which rows are withdrawn.

    Raises:
        UsageError: `build` is no build, `out` is something else, or the policy and the configs do not go together.
        NoDataError: the policy leaves no row.
        InputError, BadFormat: a file of permissions or opt-outs cannot be read.
        BuildError: the folder cannot be written.
    """
    policy = make_policy(profile=profile, public=public, rights=rights, permissions=permissions, opt_outs=opt_outs)
    if again:
        # What may be published was decided when it was; which map had a permission is no longer asked.
        policy = replace(policy, public=False)
    info = build_info(build, again=again)
    chosen = choose_configs(info, policy, configs)
    out = _checked_out(out, build)
    projection, ledger = project(build, info, policy, again=again)
    with writing(out, "Push again when it is mended."):
        new = out.with_name(f"{out.name}.part")
        atomic.remove_tree(new)
        atomic.make_folder(new / "meta")
        rows = _write_configs(projection, chosen, new)
        if not force_weights:
            check_weights(new, rows)
        shards = merge_shards(new, limits.PUSH_FILES - _OTHER_FILES, info["shards"])
        left_out = _left_out(projection, chosen)
        records.write_tombstones(ledger, projection.verdicts, version, tombstones, new)
        outcomes = records.write_ledger(ledger, projection.verdicts, new)
        records.write_groups(build, projection.verdicts, new)
        log = tuple(changes(new))
        facts = {
            "presets": preset_rows(new, info["game"], rows),
            "hours": _hours(projection),
            "ledger": dict(sorted(outcomes.items())),
            "rejects": reject_codes(outcomes),
            "left_out": left_out,
            "shards": shards,
        }
        records.write_info(info, policy, rows, facts, new)
        write_card(new, CardFacts(repo, version, profile, public, policy.rights, left_out, log))
        atomic.remove_tree(out)
        atomic.make_folder(out.parent)
        atomic.rename(new, out)
    return Staged(
        folder=out,
        files=tuple(records.file_list(out)),
        rows=rows,
        features={config: _features(info, policy, config) for config in rows},
        left_out=left_out,
        examples=projection.verdicts.examples,
        info=read_info(out) or {},
    )


def _checked_out(out: Path, build: Path) -> Path:
    """Return the absolute path of the folder to make, or say why it is left alone."""
    out = Path(out).absolute()
    if out.exists() and read_info(out) is None and (out.is_file() or any(out.iterdir())):
        raise UsageError(f"{out}: exists and was not made by rhythm-maps, so it is left alone. Choose another folder.")
    if out == Path(build).absolute():
        raise UsageError(f"{out}: is the build itself. Choose another folder.")
    return out


def build_info(build: Path, *, again: bool = False) -> dict[str, Any]:
    """Return the ``meta/info.json`` of a build that can be published.

    Raises:
        UsageError: it is no build, what was staged of one, or of a version with other columns.
    """
    info = read_info(build)
    if info is None:
        raise UsageError(f"{Path(build).name}: no build (it has no meta/info.json); make one with rhythm-maps build")
    if "profile" in info and not again:
        raise UsageError(
            f"{Path(build).name}: what a push made of a build, under profile {info['profile']}. Name the build itself."
        )
    _check_columns(build, info)
    return info


def _check_columns(build: Path, info: Mapping[str, Any]) -> None:
    """Refuse a build whose columns have other types than this version's: rules could not be applied to them."""
    for config in info["rows"]:
        if config in MADE_HERE:
            continue
        declared = {column.name: column.type for column in columns(info["game"], config)}
        for _, path in files(build, dict(info), config):
            other = [one.name for one in pq.read_schema(path) if declared.get(one.name, one.type) != one.type]
            if other:
                raise UsageError(
                    f"{Path(build).name}: column {other[0]} of {config} is of another version of rhythm_maps. "
                    "Build it again."
                )
            break


def project(build: Path, info: dict[str, Any], policy: Policy, *, again: bool = False) -> tuple[Projection, Any]:
    """Judge a build; return how it is to be projected, and its ledger.

    Raises:
        UsageError: as `verdicts.judge`.
        NoDataError: nothing may be published.
    """
    verdicts = judge(build, info, policy)
    if not verdicts.groups:
        raise NoDataError(
            f"{Path(build).name}: nothing may be published under profile {policy.profile}.{refusals(verdicts)}"
        )
    ledger = records.read_ledger(build)
    # The ledger of a published version names no mapset any more: whose name of the file its rows have is not known.
    names = {} if again else records.audio_names(ledger, verdicts)
    derived, same = rederive(build, info, verdicts, names)
    return Projection(Path(build), info, policy, verdicts, derived, same), ledger


def choose_configs(info: Mapping[str, Any], policy: Policy, configs: Sequence[str] | None) -> list[str]:
    """Return the stored configs to publish, the default one first.

    Raises:
        UsageError: one is not there, or the profile carries it not.
    """
    # The file has its keys in alphabetical order; the first config is the default one.
    stored = [config for config in info["rows"] if config not in MADE_HERE]
    there = sorted(stored, key=lambda config: (CONFIGS.index(config) if config in CONFIGS else len(CONFIGS), config))
    unknown = [config for config in configs or () if config not in there]
    if unknown:
        raise UsageError(f"this build has no config {', '.join(unknown)}: it has {', '.join(there)}")
    narrow = [config for config in configs or () if not carries(policy.profile, config)]
    if narrow:
        raise UsageError(
            f"profile {policy.profile} carries no {narrow[0]}: give --profile {needed_profile(narrow[0])} with "
            "--rights, or leave it out of --configs"
        )
    chosen = [config for config in there if (configs is None or config in configs) and carries(policy.profile, config)]
    if not chosen:
        raise UsageError(
            f"profile {policy.profile} carries none of the configs of this build: {', '.join(there)}. Give "
            f"--profile {needed_profile(there[0])} with --rights."
        )
    return chosen


def _write_configs(projection: Projection, chosen: Sequence[str], new: Path) -> Rows:
    rows = {config: projection.write(config, new) for config in chosen}
    rows = {config: splits for config, splits in rows.items() if splits}
    verdicts = projection.verdicts
    if not rows:
        raise NoDataError(
            f"{projection.build.name}: no row of {', '.join(chosen)} may be published.{refusals(verdicts)}"
        )
    if "charts" in projection.info["rows"]:
        allowed = {column.name for column in kept_columns(projection.info["game"], "charts", projection.policy.profile)}
        wanted = [name for name in OF_CREDITS if name in allowed]
        charts = read(projection.build, projection.info, "charts", wanted)
        kept = charts.filter([chart in verdicts.kept_charts for chart in charts["chart_id"].to_pylist()])
        if count := write_credits([kept], new):
            rows["credits"] = {"train": count}
    if "charts" in rows:
        rows["preview"] = write_preview(new, kept_columns(projection.info["game"], "charts", projection.policy.profile))
    return rows


def _left_out(projection: Projection, chosen: Sequence[str]) -> dict[str, int]:
    stale = len(projection.verdicts.shared) - len(projection.same_grid)
    return {**projection.verdicts.counts, **({STALE: stale} if stale and "tokens" in chosen else {})}


def check_weights(new: Path, rows: Rows) -> None:
    """Refuse tokens that the published encoder cannot decode: nobody could use them and all would think they can."""
    if "tokens" not in rows:
        return
    there = read(new, {"rows": rows}, "tokens", ("weights", "track_id"))
    # Token files by themselves do not say whose weights made them.
    other = there.filter(pc.fill_null(pc.not_equal(there["weights"], "pretrained"), fill_value=False))
    if len(other):
        ids = ", ".join(str(one) for one in other["track_id"].to_pylist()[:3])
        kinds = ", ".join(sorted({str(kind) for kind in other["weights"].to_pylist()}))
        raise UsageError(
            f"{len(other):,} rows of tokens (such as {ids}) come from weights that nobody else has ({kinds}): build "
            "them again with the pretrained weights, leave tokens out, or say that it is meant (force_weights, "
            "--force-weights)"
        )


def preset_rows(new: Path, game: str, rows: Rows) -> Rows:
    """Return preset -> split -> rows of the published charts in a folder."""
    found: Rows = {}
    if "charts" not in rows:
        return found
    for name, preset in presets.presets(game).items():
        names = sorted({column for column, _, _ in preset.filters})
        for split in rows["charts"]:
            table = read(new, {"rows": {"charts": {split: 1}}}, "charts", names)
            passed = presets.mask(table, preset.filters)
            if count := len(table) if passed is None else pc.sum(passed).as_py() or 0:
                found.setdefault(name, {})[split] = count
    return found


def _hours(projection: Projection) -> float:
    """Return the hours of the recordings that stay, of the charts where there are no recordings."""
    rows = projection.info["rows"]
    config = next((name for name in ("beats", "tracks", "tokens") if name in rows), "charts")
    name, key, kept = ("length_s", "chart_id", projection.verdicts.kept_charts)
    if config != "charts":
        name, key, kept = ("duration_s", "track_id", projection.verdicts.kept_tracks)
    table = read(projection.build, projection.info, config, (key, name))
    lengths = zip(table[key].to_pylist(), table[name].to_pylist(), strict=True)
    return round(sum(length or 0.0 for one, length in lengths if one in kept) / 3600, 6)


def _features(info: Mapping[str, Any], policy: Policy, config: str) -> Features:
    if config == "credits":
        return features(CREDITS)
    if config == "preview":
        return features(preview_columns(kept_columns(info["game"], "charts", policy.profile)))
    return features(kept_columns(info["game"], config, policy.profile))
