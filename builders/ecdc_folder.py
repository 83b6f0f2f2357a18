"""EnCodec token files (.ecdc) with their sidecars, from any folder.

::

    import rhythm_maps
    ds = rhythm_maps.load_dataset("ecdc_folder", data_dir="tokens")
    ds = rhythm_maps.load_dataset("ecdc_folder", data_dir="tokens", cond_root="params", streaming=True)

One config, tokens. Files below folders named train, validation and test have those splits; else all is train. Keyword
arguments: `EcdcFolderConfig`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa

from rhythm_maps.build import features, generate, token_folder
from rhythm_maps.errors import NoDataError, UsageError
from rhythm_maps.schema import TOKENS


@dataclass
class EcdcFolderConfig(datasets.BuilderConfig):
    """The config `tokens`.

    Attributes:
        plan: path of a kept plan; set by the config itself.
        cond_root: folder of the sidecars, a mirror of `data_dir`; None for beside the token files.
        on_bad_files: "warn" (default), "error" or "skip".
    """

    plan: str | None = None
    cond_root: str | None = None
    on_bad_files: str = "warn"

    def create_config_id(self, config_kwargs: dict[str, Any], custom_features: object = None) -> str:
        """Return the cache key: of the folder's content and what is asked of it."""
        if custom_features is not None:
            raise UsageError("features= is not taken: the schema is fixed; cast the result")
        if "data_dir" not in config_kwargs:
            return str(self.name)
        if self.on_bad_files not in generate.ON_BAD_FILES:
            known = ", ".join(generate.ON_BAD_FILES)
            raise UsageError(f"on_bad_files is {self.on_bad_files!r}: expected one of {known}")
        plan = token_folder.plan_folder(self.data_dir, self.cond_root)
        self.plan = str(plan.keep())
        strict = "-strict" if self.on_bad_files == "error" else ""
        return f"{self.name}-{plan.digest[:16]}{strict}"  # a load that wants an error never finds what went on


class EcdcFolder(datasets.ArrowBasedBuilder):
    """Generates rows from token files."""

    BUILDER_CONFIG_CLASS = EcdcFolderConfig
    BUILDER_CONFIGS = [EcdcFolderConfig(name=token_folder.CONFIG, version="1.0.0")]  # noqa: RUF012 - datasets' own way
    DEFAULT_CONFIG_NAME = token_folder.CONFIG

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(features=features.features(TOKENS))

    def _split_generators(self, dl_manager: object) -> list[datasets.SplitGenerator]:
        del dl_manager
        if self.config.plan is None:
            raise UsageError('load_dataset("ecdc_folder") needs data_dir="folder of .ecdc files"')
        shards = token_folder.shards_of(token_folder.load_plan(Path(self.config.plan)))
        found = []
        for split in dict.fromkeys(shard.split for shard in shards):
            # Exactly one list: it is what num_proc and streaming share out.
            mine = [shard for shard in shards if shard.split == split]
            kwargs = {"shards": mine, "plan": self.config.plan, "on_bad_files": self.config.on_bad_files}
            found.append(datasets.SplitGenerator(name=split, gen_kwargs=kwargs))
        return found

    def _generate_tables(self, shards: list[Any], plan: str, on_bad_files: generate.OnBadFiles) -> Any:
        for (shard, count), table in token_folder.tables(shards, plan, on_bad_files):
            yield datasets.builder.Key(shard, count), pa.table(table)

    def as_dataset(self, split: Any = None, **kwargs: Any) -> Any:
        """Return the dataset; splits without rows do not exist (datasets fails on every split where one is empty)."""
        rows = {name: info.num_examples for name, info in self.info.splits.items()}
        named = [name for name, count in rows.items() if count]
        if not named or (isinstance(split, str) and rows.get(split) == 0):
            raise NoDataError(f"{self.config.data_dir}: no token file of {split or 'it'} could be read")
        return super().as_dataset(split={name: name for name in named} if split is None else split, **kwargs)
