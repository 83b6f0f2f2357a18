"""What packs and level bundles say, as plain records; every field may be missing or of another type.

Source: the game's classes BeatmapLevelSO (packs) and BeatmapLevelDataSO (level bundles), see `layouts`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rhythm_maps import limits
from rhythm_maps.errors import LimitExceeded
from rhythm_maps.games.beat_saber.values import number, section, text, texts
from rhythm_maps.sources.unity.objects import Bundle, Pointer
from rhythm_maps.sources.unity.trees import Tree

DIFFICULTIES = ("Easy", "Normal", "Hard", "Expert", "ExpertPlus")
"""The game's enum BeatmapDifficulty, 0 to 4."""


class Preview(NamedTuple):
    """What a pack says of one difficulty.

    Attributes:
        njs, offset: note jump speed in metres a second, and its start offset in beats.
        environment: index into `PackLevel.environments`.
        mappers, lighters: who made it, where the pack says.
    """

    njs: float
    offset: float
    environment: int
    mappers: tuple[str, ...]
    lighters: tuple[str, ...]


class PreviewSet(NamedTuple):
    """The difficulties of one characteristic, as a pack lists them.

    Attributes:
        name: name of the characteristic; empty where only `pointer` leads to it.
        pointer: the object of the characteristic, None where there is none.
        previews: difficulty (0 to 4) -> what is said of it.
    """

    name: str
    pointer: Pointer | None
    previews: Mapping[int, Preview]


class PackLevel(NamedTuple):
    """A level as its pack lists it: all but the notes and the song.

    Attributes:
        level_id: the game's own id.
        title, subtitle, artist, mapper: as given.
        bpm: beats a minute, 0 where absent.
        lufs: loudness of the song; 0 where absent.
        offset_s, shuffle, shuffle_period: the song's offset in seconds and the old swing settings.
        preview_s, preview_duration_s, duration_s: in seconds.
        environments: names of its surroundings, the usual one first where there is no list.
        sets: its characteristics.
        cover: its cover picture.
    """

    level_id: str
    title: str
    subtitle: str
    artist: str
    mapper: str
    bpm: float
    lufs: float
    offset_s: float
    shuffle: float
    shuffle_period: float
    preview_s: float
    preview_duration_s: float
    duration_s: float
    environments: tuple[str, ...]
    sets: tuple[PreviewSet, ...]
    cover: Pointer | None


class DataBeatmap(NamedTuple):
    """One difficulty in a level bundle: where its notes and its lights are."""

    difficulty: str
    number: int
    beatmap: Pointer | None
    lightshow: Pointer | None


class DataSet(NamedTuple):
    """The difficulties of one characteristic in a level bundle."""

    name: str
    beatmaps: tuple[DataBeatmap, ...]


class LevelData(NamedTuple):
    """What a level bundle holds.

    Attributes:
        name: the object's own name, such as ``100BillsBeatmapLevelData``.
        audio, audio_data: the song and its tempo regions.
        sets: its characteristics, in the game's order.
    """

    name: str
    audio: Pointer | None
    audio_data: Pointer | None
    sets: tuple[DataSet, ...]


def real(value: object, default: float = 0.0) -> float:
    """Return a float32 as the shortest decimal number that is it (0.3, not 0.30000001192...); finite."""
    found = number(value)
    if not math.isfinite(found):
        return default
    with np.errstate(over="ignore"):
        short = np.float32(found)
    return float(str(short)) if math.isfinite(short) and abs(found - short) <= 1e-6 * abs(found) else found


def _items(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def level_data(bundle: Bundle, pointer: Pointer, tree: Tree) -> LevelData | None:
    """Read a BeatmapLevelDataSO; None where the object is something else."""
    if not isinstance(tree.get("_difficultyBeatmapSets"), list):
        return None
    sets: list[DataSet] = []
    count = 0
    for entry in map(section, _items(tree["_difficultyBeatmapSets"])):
        items = _items(entry.get("_difficultyBeatmaps"))
        count += 1 + len(items)
        if count > 2 * limits.CHART_ENTRIES:
            reason = f"more than {limits.CHART_ENTRIES:,} difficulties"
            raise LimitExceeded("too_many_charts", reason, bundle.place)
        beatmaps = [_beatmap(bundle, pointer, section(item)) for item in items]
        sets.append(DataSet(_characteristic(entry) or "Standard", tuple(beatmaps)))
    audio = bundle.follow(pointer, tree.get("_audioClip"))
    audio_data = bundle.follow(pointer, tree.get("_audioDataAsset"))
    return LevelData(text(tree.get("m_Name")), audio, audio_data, tuple(sets))


def _beatmap(bundle: Bundle, pointer: Pointer, item: Tree) -> DataBeatmap:
    rank = _difficulty(item)
    name = DIFFICULTIES[rank] if 0 <= rank < len(DIFFICULTIES) else f"Difficulty{rank}"
    beatmap = bundle.follow(pointer, item.get("_beatmapAsset"))
    return DataBeatmap(name, rank, beatmap, bundle.follow(pointer, item.get("_lightshowAsset")))


def _difficulty(item: Tree) -> int:
    rank = number(item.get("_difficulty"))
    return int(rank) if math.isfinite(rank) else -1


def _characteristic(entry: Tree) -> str:
    """Return the name of a set's characteristic where it stands in the set itself."""
    for key in ("_beatmapCharacteristicSerializedName", "_beatmapCharacteristicName", "_beatmapCharacteristic"):
        value = entry.get(key)
        found = text(value if isinstance(value, str) else section(value).get("_serializedName"))
        if found:
            return found
    return ""


def pack_level(bundle: Bundle, pointer: Pointer, tree: Tree) -> PackLevel | None:
    """Read a BeatmapLevelSO; None where the object is something else (a pack, a product, a collection)."""
    level_id = text(tree.get("_levelID"))
    if not level_id or "_songName" not in tree:
        return None
    listed = _items(tree.get("_previewDifficultyBeatmapSets"))
    return PackLevel(
        level_id=level_id,
        title=text(tree.get("_songName")),
        subtitle=text(tree.get("_songSubName")),
        artist=text(tree.get("_songAuthorName")),
        mapper=text(tree.get("_levelAuthorName")),
        bpm=real(tree.get("_beatsPerMinute")),
        lufs=real(tree.get("_integratedLufs")),
        offset_s=real(tree.get("_songTimeOffset")),
        shuffle=real(tree.get("_shuffle")),
        shuffle_period=real(tree.get("_shufflePeriod")),
        preview_s=real(tree.get("_previewStartTime")),
        preview_duration_s=real(tree.get("_previewDuration")),
        duration_s=real(tree.get("_songDuration")),
        environments=_environments(tree),
        sets=tuple(_preview_set(bundle, pointer, section(s)) for s in listed[: limits.CHART_ENTRIES]),
        cover=bundle.follow(pointer, tree.get("_coverImage")),
    )


def _environments(tree: Tree) -> tuple[str, ...]:
    listed = [_environment(value) for value in _items(tree.get("_environmentNames"))]
    return tuple(listed) or tuple(filter(None, [_environment(tree.get("_environmentName"))]))


def _environment(value: object) -> str:
    return text(value if isinstance(value, str) else section(value).get("_environmentName"))


def _preview_set(bundle: Bundle, pointer: Pointer, entry: Tree) -> PreviewSet:
    items = entry.get("_previewDifficultyBeatmaps", entry.get("_difficultyBeatmaps"))
    previews = {
        _difficulty(item): Preview(
            njs=real(item.get("_noteJumpMovementSpeed")),
            offset=real(item.get("_noteJumpStartBeatOffset")),
            environment=max(0, int(real(item.get("_environmentNameIdx")))),
            mappers=texts(item.get("_mappers")),
            lighters=texts(item.get("_lighters")),
        )
        for item in map(section, _items(items))
    }
    return PreviewSet(_characteristic(entry), bundle.follow(pointer, entry.get("_beatmapCharacteristic")), previews)


def pair(previews: Sequence[PreviewSet], sets: Sequence[DataSet]) -> dict[str, Mapping[int, Preview]]:
    """Find what a pack says of each characteristic of a level.

    A pack points to characteristics that lie in another bundle. Sets whose name is known are taken by it; of the
    others, one that alone has the same difficulties; and where as many are left on both sides, in their order.

    Returns:
        Name of the characteristic -> difficulty (0 to 4) -> preview; characteristics that were not found are missing.
    """
    found = {s.name: s.previews for s in previews if s.name and any(d.name == s.name for d in sets)}
    free = [(frozenset(s.previews), s) for s in previews if not s.name]
    open_sets = [(frozenset(b.number for b in d.beatmaps), d) for d in sets if d.name not in found]
    ours, theirs = Counter(key for key, _ in open_sets), Counter(key for key, _ in free)
    alone = {key for key in ours if ours[key] == theirs[key] == 1}
    known = {key: s.previews for key, s in free if key in alone}
    found |= {data.name: known[key] for key, data in open_sets if key in alone}
    left = [data for key, data in open_sets if key not in alone], [s for key, s in free if key not in alone]
    if len(left[0]) == len(left[1]):
        found |= {data.name: s.previews for data, s in zip(*left, strict=True)}
    return found
