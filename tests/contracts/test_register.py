"""``register()``: datasets' own ``load_dataset`` finds the games by name."""

from __future__ import annotations

import datasets
import pytest
from contract_rows import assert_same_rows, rows_of

import rhythm_maps
from rhythm_maps import games
from rhythm_maps.build import presets
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import CONFIGS, EXAMPLES
from rhythm_maps.errors import BadFormat, UsageError
from rhythm_maps.loading import ECDC_FOLDER

pytestmark = pytest.mark.usefixtures("registered")


def test_across_games_the_private_table_is_where_it_was(registered):
    """Fails when datasets moves or reshapes the table that `register` writes to."""
    moved = (
        "datasets keeps its packaged modules elsewhere: rhythm_maps.register() must follow. Look for what "
        "datasets.load.dataset_module_factory looks names up in, adapt rhythm_maps/loading.py, and until then "
        "rhythm_maps.load_dataset, which needs no table, still works."
    )
    table = getattr(datasets.packaged_modules, "_PACKAGED_DATASETS_MODULES", None)
    assert isinstance(table, dict), moved
    assert getattr(datasets.load, "_PACKAGED_DATASETS_MODULES", None) is table, moved
    module, digest = table["parquet"]
    assert module == "datasets.packaged_modules.parquet.parquet", moved
    assert isinstance(digest, str), moved
    assert registered == (*games.names(), ECDC_FOLDER)
    assert all(table[name][0] == f"rhythm_maps.builders.{name}" for name in registered)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_folder_is_loaded_by_datasets_own_call(game, packs, exports, streaming):
    options = {"splits": packs.fractions, "on_bad_files": "skip", "streaming": streaming}
    loaded = datasets.load_dataset(game, "charts", data_dir=str(packs.samples(game)), **options)
    assert_same_rows(rows_of(loaded), rows_of(exports(game, "charts", streaming=streaming)))
    one = datasets.load_dataset(game, data_dir=str(packs.samples(game)), split="train", **options)
    assert len(list(one)) == len(list(loaded["train"]))


@pytest.mark.parametrize("streaming", [False, True])
def test_a_manifest_is_loaded_by_datasets_own_call(game, config, packs, exports, tmp_path, streaming):
    manifest = tmp_path / "manifest.jsonl"
    source = packs.songs_with_tokens(game) if config == "tokens" else packs.samples(game)
    scan(game, [source], fractions=packs.fractions).write(manifest)
    options = {"streaming": streaming, "on_bad_files": "skip"}
    if config == EXAMPLES:
        with pytest.raises(UsageError, match=f"rhythm-maps build {game} .*charts,tracks,tokens"):
            datasets.load_dataset(game, config, data_files=str(manifest), **options)
        return
    options |= packs.token_options(game) if config == "tokens" else {}
    loaded = datasets.load_dataset(game, config, data_files=str(manifest), **options)
    assert_same_rows(rows_of(loaded), rows_of(exports(game, config, streaming=streaming)))
    ours = exports(game, config, data_dir=None, splits=None, data_files=manifest, streaming=streaming)
    assert_same_rows(rows_of(ours), rows_of(loaded))


def test_configs_are_listed(game, packs):
    """With the folder, because without one datasets lists the working folder, and wants files in it."""
    names = datasets.get_dataset_config_names(game, data_dir=str(packs.samples(game)))
    assert names == [*CONFIGS, EXAMPLES, *presets.presets(game)]


def test_a_name_wins_over_a_folder_and_a_path_opens_the_folder(game, packs, monkeypatch):
    """``osu`` is the game, ``./osu`` the folder of that name, here a build."""
    monkeypatch.chdir(packs.build(game).parent)
    options = {"data_dir": str(packs.samples(game)), "on_bad_files": "skip"}
    for load in (datasets.load_dataset, rhythm_maps.load_dataset):
        assert set(load(game, "charts", **options)) == {"train"}
        assert len(set(load(f"./{game}", "charts"))) > 1


def test_a_data_file_that_is_no_manifest_says_what_to_give(game, packs, tmp_path):
    archive = str(packs.archives(game)[0])
    with pytest.raises(UsageError, match=r"manifest .*data_dir="):
        datasets.load_dataset(game, data_files=archive)
    (tmp_path / "manifest.jsonl").write_bytes(b'{"kind": "header"}\n')
    with pytest.raises(BadFormat, match="line 1"):
        datasets.load_dataset(game, data_files=str(tmp_path / "manifest.jsonl"))


def test_a_call_without_input_says_what_to_give(game):
    with pytest.raises(UsageError, match=r"data_dir="):
        rhythm_maps.load_dataset(game)
