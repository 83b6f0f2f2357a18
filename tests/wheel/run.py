"""Installs the wheel into a clean environment and uses it as somebody does who has nothing else of this project.

``python -P tests/wheel/run.py``: builds the wheel of the tree, installs it with its dependencies into a new virtual
environment, and works in another folder: help, demo, loading, then the same with a third game in the wheel. Prints
what it does; ends with 1 at the first failure. Needs an index to install from.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "toy_game"))

from tree import add_toy, copy_tree

LOAD = """
import sys
from datasets import disable_progress_bars, load_dataset
disable_progress_bars()
path, config = sys.argv[1:]
plain = load_dataset(path, config)
stream = load_dataset(path, config, streaming=True)
assert list(plain) == list(stream) and len(plain) > 0, (plain, stream)
for split in plain:
    assert repr(list(stream[split])) == repr(list(plain[split])) != "[]", split
print(f"{path} {config}: " + ", ".join(f"{split} {len(rows)}" for split, rows in plain.items()))
"""
EXPORTS = """
import sys, rhythm_maps
from rhythm_maps.build.samples import write_samples
from datasets import disable_progress_bars
disable_progress_bars()
game, = sys.argv[1:]
assert "site-packages" in rhythm_maps.__file__, rhythm_maps.__file__
write_samples(game, __import__("pathlib").Path(f"maps of {game}"))
rows = rhythm_maps.load_dataset(game, "charts", data_dir=f"maps of {game}", on_bad_files="skip")
rhythm_maps.register()
from datasets import load_dataset
again = load_dataset(game, "charts", data_dir=f"maps of {game}", on_bad_files="skip", split="train")
assert repr(list(again)) == repr(list(rows["train"])) != "[]"
print(f"{game}: {len(again)} charts of exports")
"""
NO_TORCH = """
import importlib.util, sys
found = [name for name in ("torch", "torchcodec", "tensorflow", "jax") if importlib.util.find_spec(name)]
assert not found, f"the base install brought {found}"
import rhythm_maps.builders.osu
assert not {"builders", "configs", "hub_cards", "tests"} & {*sys.modules}
for name in ("builders", "configs", "hub_cards"):
    assert importlib.util.find_spec(name) is None, f"{name} is importable as a top-level module"
"""


class Session:
    """A clean environment, and an empty folder to work in."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.work = base / "somewhere else"
        self.work.mkdir()
        self.start = time.monotonic()
        venv.create(base / "venv", with_pip=True, symlinks=os.name != "nt")
        scripts = base / "venv" / ("Scripts" if os.name == "nt" else "bin")
        self.python, self.command = scripts / "python", scripts / "rhythm-maps"
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HF_", "RHYTHM_MAPS"))
        }
        caches = {"HF_HOME": base / "hf", "RHYTHM_MAPS_CACHE": base / "cache"}
        self.env = {**kept, **{name: str(path) for name, path in caches.items()}, "HF_HUB_OFFLINE": "1"}

    def say(self, text: str) -> None:
        """Print one line of progress with the seconds so far."""
        print(f"{time.monotonic() - self.start:6.1f} s  {text}", flush=True)

    def run(self, *command: object) -> str:
        """Run a command in the folder; a failure ends everything with what it printed."""
        parts = [str(part) for part in command]
        text = {"capture_output": True, "text": True, "encoding": "utf-8", "errors": "replace"}
        done = subprocess.run(parts, cwd=self.work, env=self.env, check=False, **text)
        if done.returncode != 0:
            shown = " ".join(parts)[:200]
            sys.exit(f"FAILED ({done.returncode}): {shown}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def expect(self, text: str, wanted: str, where: str) -> None:
        """End everything where a text lacks what it must hold."""
        if wanted not in text:
            sys.exit(f"FAILED: {where} does not show {wanted!r}:\n{text[-3000:]}")

    def install(self, wheel: Path, *options: str) -> None:
        """Install a wheel."""
        pip = [self.python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        self.run(*pip, *options, wheel)

    def load(self, path: str, *configs: str) -> None:
        """Load configs of a build, plain and streamed."""
        for config in configs:
            self.say(self.run(self.python, "-c", LOAD, path, config).strip())


def build_wheel(tree: Path, out: Path) -> Path:
    """Build the wheel of a tree with the setuptools at hand."""
    build = [sys.executable, "-P", "-m", "build", "--wheel", "--no-isolation", "--outdir", out, tree]
    done = subprocess.run(build, cwd=out.parent, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"FAILED: no wheel\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return next(out.glob("*.whl"))


def use_games(session: Session) -> None:
    """Use the base install: help, demo, builds by path, exports by name."""
    session.expect(session.run(session.command, "--help"), "demo", "--help")
    session.run(session.python, "-c", NO_TORCH)
    session.say("installed: no torch, no module but rhythm_maps, help works")
    session.expect(session.run(session.command, "demo", "--out", "out"), "load_dataset", "the demo")
    session.say("demo ran")
    session.load("./out/osu", "charts", "tracks", "mania_4k")
    session.load("./out/beat_saber", "charts", "tracks", "expert_plus")
    session.say(session.run(session.python, "-c", EXPORTS, "osu").strip())


def use_toy(session: Session) -> None:
    """Use the install that has a third game."""
    session.say(session.run(session.python, "-c", EXPORTS, "toy").strip())
    built = session.run(session.command, "build", "toy", "maps of toy", "--out", "out/toy")
    session.expect(built, "six_pads", "the build of the third game")
    session.load("./out/toy", "charts", "beats", "tracks", "six_pads")


def main() -> None:
    """Run everything in a folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="rhythm_maps_wheel_") as folder:
        session = Session(Path(folder))
        tree = copy_tree(session.base / "tree")
        wheel = build_wheel(tree, session.base / "dist")
        session.say(f"built {wheel.name}, {wheel.stat().st_size:,} bytes")
        session.install(wheel)
        use_games(session)
        added = add_toy(tree)
        wheel = build_wheel(tree, session.base / "dist-toy")
        session.install(wheel, "--no-deps", "--force-reinstall")
        session.say(f"built and installed with a third game: {len(added)} files added, none edited")
        use_toy(session)
        session.run(session.python, "-c", NO_TORCH)
        session.say("all good")


if __name__ == "__main__":
    main()
