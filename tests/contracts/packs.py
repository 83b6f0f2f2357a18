"""Folders of generated maps and builds of them, made once for all worker processes of a test run."""

from __future__ import annotations

import shutil

import filelock
import pytest
import token_weights
from many import write_many

from rhythm_maps import games
from rhythm_maps.build.run import build
from rhythm_maps.build.samples import write_samples
from rhythm_maps.build.scan import scan
from rhythm_maps.build.spec import CONFIGS, make_spec
from rhythm_maps.build.token_cache import FOLDER as TOKENS
from rhythm_maps.files.paths import cache_dir
from rhythm_maps.tokens.settings import TokenRun, token_settings

FRACTIONS = (0.5, 0.25, 0.25)
"""So that a handful of songs fills more than one split."""
MANY = 50
FEW = 8
"""Songs of a second that are encoded."""
KBPS = 1.5
"""At the lowest rate."""


class Packs:
    """Folders of generated maps, and builds of them; each is made when it is first asked for."""

    fractions = FRACTIONS

    def __init__(self, root):
        self.root = root

    def once(self, name, make):
        """Return the folder `name`, made by `make` in the first process that wants it."""
        folder = self.root / name
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{folder}.lock"):
            if not folder.is_dir():
                making = folder.with_name(f"{folder.name}.part")
                make(making)
                making.rename(folder)
        return folder

    def samples(self, game):
        """The sample pack of a game."""
        return self.once(f"samples/{game}", lambda folder: write_samples(game, folder))

    def archives(self, game):
        """The archives of the sample pack, sorted; a game's library file may lie beside them."""
        suffixes = games.get(game).archive_suffixes
        return sorted(path for path in self.samples(game).iterdir() if path.name.lower().endswith(suffixes))

    def many(self, game, n=MANY):
        """A folder of `n` mapsets of `n` songs."""
        pack = self.samples(game)
        return self.once(f"many/{game}-{n}", lambda folder: write_many(game, pack, folder, n))

    def build(self, game):
        """A build of the sample pack, all configs, in a folder that is called like the game."""
        return self._built("builds", game, self.samples(game), FRACTIONS)

    def songs_with_tokens(self, game):
        """The few short songs of `build_with_tokens`."""
        return self.many(game, FEW)

    def build_with_tokens(self, game):
        """A build of `songs_with_tokens`, all configs, in a folder that is called like the game."""
        weights = str(self.weights())
        options = {"configs": CONFIGS, "tokens": token_settings(weights, bandwidth_kbps=KBPS)}
        return self._built("builds-with-tokens", game, self.songs_with_tokens(game), FRACTIONS, weights, **options)

    def build_of(self, game, config):
        """The build that holds a config."""
        return self.build_with_tokens(game) if config == "tokens" else self.build(game)

    def weights(self):
        """A file of calibrated weights."""
        return token_weights.file(self.root.parent)

    def token_options(self, game):
        """Arguments of a load that gives the tokens of `build_with_tokens`; the cache in use now holds them already."""
        self.build_with_tokens(game)
        shutil.copytree(self.root / "cache" / TOKENS, cache_dir() / TOKENS, dirs_exist_ok=True)
        return {"weights": str(self.weights()), "bandwidth": KBPS}

    def build_of_many(self, game):
        """A build of `many`, all in one split."""
        return self._built("builds-of-many", game, self.many(game), None)

    def _built(self, place, game, source, fractions, weights="pretrained", **spec):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RHYTHM_MAPS_CACHE", str(self.root / "cache"))
            return self.once(f"{place}/{game}", lambda out: make_build(game, source, out, fractions, weights, **spec))


def make_build(game, source, out, fractions=FRACTIONS, weights="pretrained", **spec):
    """Scan and build a folder of maps, with the configs that a build has unless asked."""
    plan = scan(game, [source], fractions=fractions).keep()
    return build(plan, out, make_spec(game, **spec), tokens=TokenRun(weights))
