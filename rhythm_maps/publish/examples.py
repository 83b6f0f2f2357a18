"""The examples of a card: short code that is run when the card is made, and shown with what it printed."""

from __future__ import annotations

import glob
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rhythm_maps import limits
from rhythm_maps.errors import BuildError
from rhythm_maps.publish import card_yaml
from rhythm_maps.publish.contents import Contents
from rhythm_maps.publish.facts import CardFacts
from rhythm_maps.publish.markdown import output

_PLACE = "@PLACE@"
"""Stands for the dataset's address in the code below: what is shown names the Hub, what is run this folder."""

_REVISION = "@REVISION@"

_RUNNER = """
import contextlib, io, json, os, sys
space, printed = {"__name__": "card"}, []
for title, source in json.loads(sys.stdin.buffer.read()):
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(source, title, "exec"), space)
    except BaseException as error:
        print(json.dumps({"failed": title, "why": f"{type(error).__name__}: {error}"}))
        break
    printed.append(out.getvalue())
else:
    print(json.dumps({"printed": printed}))
sys.stdout.flush()
os._exit(0)
"""
"""Runs in a process of its own: examples see no variable of ours, and datasets no cache of the user's.

It leaves without Python's own end: threads that read ahead for a stream given up half-way can abort there.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """One example: its heading, its code as it is shown, and what it printed."""

    title: str
    code: str
    printed: str


def run_examples(contents: Contents, facts: CardFacts, front: Mapping[str, Any]) -> list[Example]:
    """Run the examples that fit a folder, on the folder.

    They open it through the card's own YAML: from a scratch folder that holds nothing but a README whose file patterns
    point here, because the card itself must not stand in the folder before it is known to be right.

    Args:
        contents: the folder.
        facts: where it goes, for the code that is shown.
        front: the card's YAML.

    Raises:
        BuildError: an example failed; there is no card then.
    """
    sources = [(title, source) for title, source in _SOURCES if _fits(source, contents)]
    sources = [(title, _filled(source, contents)) for title, source in sources]
    with tempfile.TemporaryDirectory(prefix="rhythm-maps-card-") as name:
        scratch = Path(name)
        place = scratch / "dataset"
        place.mkdir()
        (place / "README.md").write_text(card_yaml.dump(_pointing_here(front, contents.folder)), encoding="utf-8")
        here = json.dumps(place.as_posix())
        ran = [(title, source.replace(_PLACE, here).replace(_REVISION, "")) for title, source in sources]
        printed = _run(ran, scratch, contents.folder)
    revision = f"revision={json.dumps(f'v{facts.version}')}, " if facts.repo and facts.version else ""
    shown = [source.replace(_PLACE, _address(facts)).replace(_REVISION, revision) for _, source in sources]
    return [
        Example(title, code.strip(), output(out)) for (title, _), code, out in zip(sources, shown, printed, strict=True)
    ]


def _address(facts: CardFacts) -> str:
    if not facts.repo:
        return '"path/of/this/folder"'
    return json.dumps(facts.repo)


def _pointing_here(front: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    root = glob.escape(folder.resolve().as_posix())
    configs = [
        entry | {"data_files": [one | {"path": f"{root}/{one['path']}"} for one in entry["data_files"]]}
        for entry in front["configs"]
    ]
    return {"configs": configs, "dataset_info": front["dataset_info"]}


def _run(sources: Sequence[tuple[str, str]], scratch: Path, folder: Path) -> list[str]:
    quiet = {
        "HF_HOME": str(scratch / "hf"),
        "HF_DATASETS_CACHE": str(scratch / "hf" / "datasets"),
        "HF_HUB_OFFLINE": "1",
        "USE_TORCH": "0",  # no example needs it, and datasets would import it for every stream
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own code, on the folder that the caller named
            [sys.executable, "-P", "-c", _RUNNER],
            input=json.dumps(list(sources)).encode(),
            capture_output=True,
            cwd=scratch,
            env={**os.environ, **quiet},
            timeout=limits.CARD_EXAMPLE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(
            f"{folder.name}: the card's examples did not end within {limits.CARD_EXAMPLE_SECONDS:.0f} s, so no card "
            "was written."
        ) from error
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    answer = json.loads(lines[-1]) if done.returncode == 0 and lines else {}
    if "printed" not in answer:
        failed, why = answer.get("failed", "start"), answer.get("why", f"Python ended with {done.returncode}")
        raise BuildError(
            f'{folder.name}: the card\'s example "{failed}" does not run on it, so no card was written: '
            f"{why.rstrip('.')}. "
            "A file of the folder is damaged, or a config lacks a column that it should have."
        )
    printed: list[str] = answer["printed"]
    return printed


_NEEDS = "#needs "
"""First line of a source: ``config.column`` that must be there."""

_SOURCES = (
    (
        "Charts",
        """#needs charts.beats charts.n_notes
from datasets import load_dataset

charts = load_dataset(@PLACE@, "charts", @REVISION@split="@SPLIT@", streaming=True)
for row in charts.take(2):
    print(row["artist"], "-", row["title"], f"[{row['difficulty']}]", row["mode"], row["n_notes"], "notes")
    print("   beats at", [round(t, 3) for t in row["beats"]["time_s"][:6]], "s")
""",
    ),
    (
        "Notes",
        """#needs charts.notes
kinds = charts.features["notes"]["kind"].feature.names
row = next(iter(charts))
for time_s, kind, lane in zip(row["notes"]["time_s"][:3], row["notes"]["kind"], row["notes"]["lane"]):
    print(f"{time_s:.3f} s", kinds[kind], "lane", lane)
""",
    ),
    (
        "A preset: a filtered view of `charts`",
        """#needs preset
view = load_dataset(@PLACE@, "@PRESET@", @REVISION@split="@PRESET_SPLIT@", streaming=True)
print([(row["mode"], row["difficulty"]) for row in view.take(3)])
""",
    ),
    (
        "Beats and downbeats, one row a recording",
        """#needs beats.beats
from datasets import load_dataset

columns = ["track_id", "title", "beats", "timing_quality"]
beats = load_dataset(@PLACE@, "beats", @REVISION@split="@SPLIT@", streaming=True, columns=columns)
for row in beats.take(2):
    grid = row["beats"]
    downbeats = [t for t, position in zip(grid["time_s"], grid["position"]) if position == 1]
    print(row["title"], len(grid["time_s"]), "beats,", len(downbeats), "downbeats,", row["timing_quality"])
""",
    ),
    (
        "Sound, on the game's clock",
        """#needs tracks.audio
import io

import numpy as np
import soundfile
from datasets import load_dataset

row = next(iter(load_dataset(@PLACE@, "tracks", @REVISION@split="@SPLIT@", streaming=True)))
samples, rate = soundfile.read(io.BytesIO(row["audio"]["bytes"]), always_2d=True)
clicks = np.zeros(len(samples))
for time_s in row["beats"]["time_s"]:
    first = round((time_s - row["timeline_shift_s"]) * rate)  # game time = sample / rate + timeline_shift_s
    if 0 <= first < len(samples) - 800:
        clicks[first : first + 800] += 0.5 * np.sin(2 * np.pi * 1000 * np.arange(800) / rate)
soundfile.write("beats.wav", samples * 0.6 + clicks[:, None], rate)  # listen: a click on every beat
print(row["title"], samples.shape, "samples at", rate, "Hz,", len(row["beats"]["time_s"]), "beats")
""",
    ),
    (
        "EnCodec tokens",
        """#needs tokens.codes
import numpy as np
from datasets import load_dataset

row = next(iter(load_dataset(@PLACE@, "tokens", @REVISION@split="@SPLIT@", streaming=True)))
codes = np.array(row["codes"])  # [n_q][frames]; frame i covers samples [i * hop, (i + 1) * hop)
print(codes.shape, row["frame_rate"], "frames a second", codes[0, :8].tolist())
""",
    ),
)


def _fits(source: str, contents: Contents) -> bool:
    needs = source.partition("\n")[0].removeprefix(_NEEDS).split(" ")
    return all(contents.presets if need == "preset" else contents.has(*need.split(".")) for need in needs)


def _filled(source: str, contents: Contents) -> str:
    config = source.partition("\n")[0].removeprefix(_NEEDS).split(" ")[0].partition(".")[0]
    text = source.partition("\n")[2]
    if contents.presets:
        # The smallest view shows best that only its rows come.
        preset = min(contents.presets, key=lambda name: (sum(contents.presets[name].values()), name))
        text = text.replace("@PRESET@", preset).replace("@PRESET_SPLIT@", next(iter(contents.presets[preset])))
    if config in contents.stored:
        text = text.replace("@SPLIT@", next(iter(contents.stored[config].rows)))
    return text
