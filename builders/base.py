"""The one builder that all games share: a config over a manifest, an `ArrowBasedBuilder` over its shards.

It holds no logic and does no IO of its own: datasets replaces `open` and other names in a builder's modules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import datasets
import pyarrow as pa

from rhythm_maps.build import examples, features, generate, presets, spec
from rhythm_maps.errors import NoDataError, UsageError

_OF_A_BUILD = ("splits", "min_notes", "stars", "playlists", "weights", "bandwidth", "target_rms", "device")
"""Arguments that mean nothing to a join of finished tables."""


@dataclass
class MapsConfig(datasets.BuilderConfig):
    """One config of a game: charts, beats, tracks, tokens, examples or a preset.

    `examples` reads a build (`data_dir`) and takes `filters`, `columns` and `on_bad_files` alone.

    Attributes:
        game: name of the game; set by the builder.
        manifest: path of a manifest, where it is not given by ``data_files``.
        splits: shares of train, validation and test for a `data_dir`; None for the default.
        min_notes: charts with fewer notes give no row.
        filters: ``[(column, operator, value), ...]`` over chart columns, all of which must hold, with a preset's own;
            the operators are those of Parquet and "contains" for lists of text (``("mappers", "contains", "Name")``).
        columns: names of the columns wanted; None for all.
        stars: compute star ratings (needs the extra ``[stars]``) instead of taking those of a game's library.
        playlists: paths of playlists: only the charts that they list are kept.
        facts: paths of files that say more of the maps in a `data_dir`: saved answers of BeatSaver's API (JSON or JSON
            lines; one called ``beatsaver.json`` or ``beatsaver.jsonl`` beside the maps is found by itself), or an
            ``osu!.db`` that lies elsewhere.
        include_ai: keep charts that their source declares AI-made; without, they are left out.
        include_lights: decode Beat Saber's lights into the column `lights`, which is null without.
        weights: of the codec, for `tokens`: "pretrained" (default), the path of a state dict, or "calibrated:SEED".
        bandwidth: of the codec in kbps: 1.5, 3, 6 (default), 12 or 24.
        target_rms: level that recordings are brought to before they are encoded; None leaves them as they are.
        device: what encodes: "auto" (default), "cpu", "cuda", ...
        on_bad_files: "warn" (default), "error" or "skip".
    """

    game: str = ""
    manifest: str | None = None
    splits: tuple[float, float, float] | None = None
    min_notes: int = 1
    filters: list[tuple[str, str, Any]] | None = None
    columns: list[str] | None = None
    stars: bool = False
    playlists: list[str] | None = None
    facts: list[str] | None = None
    include_ai: bool = False
    include_lights: bool = False
    weights: str | None = None
    bandwidth: float | None = None
    target_rms: float | None = None
    device: str | None = None
    on_bad_files: str = "warn"

    def create_config_id(self, config_kwargs: dict[str, Any], custom_features: object = None) -> str:
        """Return the cache key: of the files' content and what is asked of them, not of how they were named."""
        if not {"data_dir", "data_files", "manifest"} & set(config_kwargs):
            return str(self.name)
        if custom_features is not None:
            raise UsageError("features= is not taken: the schema is fixed; use columns= or cast the result")
        if self.name == spec.EXAMPLES:
            return f"{self.name}-{examples.cache_id(self.examples_request())}"
        manifest_path = generate.find_manifest(
            self.game, self.data_dir, self._manifest_path(), self.splits, self._facts()
        )
        self.manifest = str(manifest_path)
        plan = generate.load_manifest(manifest_path, self.game)
        return f"{self.name}-{generate.cache_id(plan, self.request())}"

    def request(self) -> generate.Request:
        """Return what this config asks of a build."""
        return generate.make_request(
            self.game,
            self.name,
            min_notes=self.min_notes,
            filters=self.filters,
            columns=self.columns,
            stars=self.stars,
            include=("lights",) if self.include_lights else (),
            include_ai=self.include_ai,
            playlists=self.playlists or (),
            weights=self.weights,
            bandwidth=self.bandwidth,
            target_rms=self.target_rms,
            device=self.device,
            on_bad_files=self.on_bad_files,
        )

    def _facts(self) -> list[str]:
        """Return the files of facts; one may be given without a list."""
        return [self.facts] if isinstance(self.facts, str) else list(self.facts or ())

    def examples_request(self) -> examples.Request:
        """Return what the config `examples` asks of a build."""
        for name in _OF_A_BUILD:
            if getattr(self, name) != getattr(type(self), name):
                raise UsageError(f"{name}= is decided when a build is made; examples only joins its tables")
        return examples.make_request(
            self.game, self.data_dir, filters=self.filters, columns=self.columns, on_bad_files=self.on_bad_files
        )

    def _manifest_path(self) -> str | None:
        if self.data_dir is not None or not self.data_files:
            return self.manifest
        # With data_dir datasets fills data_files by a glob of its own, which never gets here.
        files = [str(file) for part in self.data_files.values() for file in part]
        if len(files) != 1 or not files[0].endswith(".jsonl"):
            raise UsageError(
                f"data_files must name one manifest (.jsonl, made by rhythm-maps scan), not {len(files)} files such as "
                f"{files[0]!r}. For a folder of maps give data_dir= (without either, datasets lists the working "
                "directory)."
            )
        return files[0]


class MapsBuilder(datasets.ArrowBasedBuilder):
    """Generates rows from local maps. Subclasses set `BUILDER_CONFIGS` (`configs_of`) and nothing else."""

    BUILDER_CONFIG_CLASS = MapsConfig
    DEFAULT_CONFIG_NAME = "charts"

    def _info(self) -> datasets.DatasetInfo:
        config = self.config
        request = config.examples_request() if config.name == spec.EXAMPLES else config.request()
        return datasets.DatasetInfo(features=features.features(request.selected))

    def _split_generators(self, dl_manager: object) -> list[datasets.SplitGenerator]:
        del dl_manager
        config = self.config
        if config.name == spec.EXAMPLES:
            return _examples_splits(config.examples_request())
        path = generate.find_manifest(config.game, None, config.manifest)
        plan = generate.load_manifest(path, config.game)
        request = config.request()
        generate.report_inputs(plan, request)
        found = []
        for split in dict.fromkeys(shard.split for shard in plan.shards):
            shards = [shard for shard in plan.shards if shard.split == split]
            # Exactly one list: it is what num_proc and streaming share out.
            kwargs = {"shards": shards, "path": str(path), "roots": tuple(plan.header.roots), "request": request}
            found.append(datasets.SplitGenerator(name=split, gen_kwargs=kwargs))
        if not found:
            raise NoDataError(f"{path}: none of its {len(plan.rejects)} inputs could be opened")
        return found

    def _generate_tables(
        self,
        shards: list[Any],
        request: generate.Request | examples.Request,
        path: str = "",
        roots: tuple[str, ...] = (),
    ) -> Any:
        if isinstance(request, examples.Request):
            tables = examples.tables(shards, request)
        else:
            tables = generate.tables(shards, path, roots, request)
        for (shard, count), table in tables:
            yield datasets.builder.Key(shard, count), pa.table(table)

    def as_dataset(self, split: Any = None, **kwargs: Any) -> Any:
        """Return the dataset; splits without rows do not exist (datasets fails on every split where one is empty)."""
        rows = {name: info.num_examples for name, info in self.info.splits.items()}
        named = [name for name, count in rows.items() if count]
        if not named or (isinstance(split, str) and rows.get(split) == 0):
            where = f"split {split!r}" if named else "every split"
            raise NoDataError(
                f"{self.name}/{self.config.name}: {where} is empty: no chart passed. Loosen the filters or min_notes, "
                f"or look at the rejects with rhythm-maps inspect. Splits with rows: {', '.join(named) or '(none)'}."
            )
        if split is None:
            split = {name: name for name in named}
        return super().as_dataset(split=split, **kwargs)


def _examples_splits(request: examples.Request) -> list[datasets.SplitGenerator]:
    shards = examples.shards(request)
    return [
        datasets.SplitGenerator(
            name=split, gen_kwargs={"shards": [one for one in shards if one.split == split], "request": request}
        )
        for split in dict.fromkeys(shard.split for shard in shards)
    ]


def configs_of(game: str) -> list[MapsConfig]:
    """Return the configs of a game: the stored ones, `examples` and its presets, in that order."""
    names = [*spec.CONFIGS, spec.EXAMPLES, *presets.presets(game)]
    texts = {name: preset.description for name, preset in presets.presets(game).items()}
    return [MapsConfig(name=name, game=game, description=texts.get(name), version="1.0.0") for name in names]
