"""Tokens under a policy: they can be turned back into music, and their conditioning comes from charts."""

from __future__ import annotations

import os

import pyarrow.parquet as pq
import pytest
from generate import noise_wav, osu_text, zipped
from planted import marked, marks, rows
from test_stage import BASIS, NOBODY, publish

from rhythm_maps.build.opt_outs import OptOut, OptOuts
from rhythm_maps.errors import UsageError

MAPPER = OptOuts((OptOut("mapper", "Zqmark Mapper").key,))


@pytest.fixture(scope="module")
def encoded(session_place, tmp_path_factory):
    """A build with tokens: two recordings whose first charts are marked, and one that is plain."""
    import token_weights

    from rhythm_maps.build.run import build
    from rhythm_maps.build.scan import scan
    from rhythm_maps.build.spec import CONFIGS, make_spec
    from rhythm_maps.tokens.settings import TokenRun, token_settings

    folder = session_place / "music"
    folder.mkdir()
    slow = marked(1, mapper="Zqmark Mapper", song="Both").replace(b"1000,500,4", b"1000,600,4")
    same = marked(2, mapper="Zqmark Mapper", song="Same")
    mapsets = {
        "both": {
            "a.osu": slow,
            "b.osu": slow + b"\n",
            "c.osu": osu_text(3, title="Both"),
            "audio.wav": noise_wav(0.2, 1),
        },
        "same": {"a.osu": same, "b.osu": osu_text(4, title="Same"), "audio.wav": noise_wav(0.2, 2)},
        "gone": {"a.osu": marked(5, mapper="Zqmark Mapper"), "audio.wav": noise_wav(0.2, 3)},
        "plain": {"a.osu": osu_text(6), "audio.wav": noise_wav(0.2, 4)},
    }
    for name, members in mapsets.items():
        (folder / f"{name}.osz").write_bytes(zipped(members))
    base = tmp_path_factory.getbasetemp()
    # Where the contracts keep theirs: calibrating takes seconds.
    place = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "contracts"
    weights = str(token_weights.file(place))
    tokens = token_settings(weights, bandwidth_kbps=1.5)
    plan = scan("osu", [folder]).keep()
    return build(
        plan, session_place / "tokens", make_spec("osu", configs=CONFIGS, tokens=tokens), tokens=TokenRun(weights)
    ).out


def test_the_profile_tokens_carries_codes_and_no_audio(encoded, plain_card):
    staged = publish(encoded, "tokens", opt_outs=NOBODY, force_weights=True)
    assert set(staged.rows) == {"charts", "beats", "tokens", "credits", "preview"}
    assert {"codes", "conditioning"} <= set(pq.read_schema(next((staged.folder / "tokens").iterdir())).names)
    assert "tokens" not in publish(encoded, "maps", "maps", opt_outs=NOBODY).rows
    with pytest.raises(UsageError, match="carries no tokens: give --profile tokens"):
        publish(encoded, "maps", "other", configs=["tokens"], opt_outs=NOBODY)


def test_conditioning_of_a_grid_that_is_left_out_goes_with_it(encoded, plain_card):
    """Where the charts that stay have the same beats it stays."""
    staged = publish(encoded, "audio", opt_outs=MAPPER, force_weights=True)
    beats = {row["title"]: row for row in rows(staged.folder, "beats")}
    assert set(beats) == {"Both", "Same", "Song 0006"}
    assert {row["track_id"] for row in rows(staged.folder, "tracks")} == {row["track_id"] for row in beats.values()}
    tokens = {row["track_id"] for row in rows(staged.folder, "tokens")}
    assert tokens == {beats[title]["track_id"] for title in ("Same", "Song 0006")}
    assert staged.left_out == {"opted_out": 4, "stale_conditioning": 1}
    assert marks(staged.folder) == []


def test_tokens_of_weights_that_nobody_has_are_refused_unless_it_is_meant(encoded, plain_card):
    with pytest.raises(UsageError, match=r"4 rows of tokens .* come from weights that nobody else has \(file\)"):
        publish(encoded, "tokens", opt_outs=NOBODY)
    assert publish(encoded, "annotations", "other", opt_outs=NOBODY).rows["charts"] == {"train": 7}


def test_a_folder_of_token_files_is_published_by_the_same_rules(session_place, plain_card):
    import numpy as np

    from rhythm_maps.build.token_build import build_tokens
    from rhythm_maps.build.token_folder import plan_folder
    from rhythm_maps.tokens.ecdc import write_enchf

    folder = session_place / "ecdc"
    folder.mkdir()
    write_enchf(folder / "song.ecdc", np.zeros((2, 75), np.uint16), 24_000)
    build_tokens(plan_folder(folder), session_place / "ecdc built")
    staged = publish(session_place / "ecdc built", "tokens", rights=BASIS, opt_outs=MAPPER)
    assert staged.rows == {"tokens": {"train": 1}}
    with pytest.raises(UsageError, match="carries none of the configs"):
        publish(session_place / "ecdc built", opt_outs=NOBODY)
