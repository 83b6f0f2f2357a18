"""Groups, splits and shards: who belongs together, and where they go.

Mapsets are linked by a shared song key, the same audio or the same map file. All mapsets of a group go to one split,
so that no song is trained on and tested on. A hash decides, so that a growing collection keeps its splits; with the
groups of a previous version, a known song never moves, but where a new mapset joins two known groups.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from rhythm_maps import limits
from rhythm_maps.build.manifest import SPLITS, KnownEntry, MapsetEntry, MovedEntry, position, shard_of

DEFAULT_FRACTIONS = (0.90, 0.05, 0.05)
FEWEST_GROUPS_TO_SPLIT = 20
"""Below this many groups, and without fractions asked for, all is train: a test split of one song tests nothing."""
MOST_SONGS_OF_AUDIO = 5
"""Audio shared by more song keys than this is no recording of a song: keysounded maps share a silent file."""


@dataclass(slots=True)
class Grouping:
    """What `group_mapsets` found.

    Attributes:
        entries: the mapsets with group, split and shared audio filled in, sorted by split, position, root and path.
        known: what of the previous version no mapset holds now.
        moved: known groups that a merge sent elsewhere.
        large: (group, mapsets, example song key) of groups above 1 % and 20 mapsets, for a person to look at.
    """

    entries: list[MapsetEntry]
    known: list[KnownEntry] = field(default_factory=list)
    moved: list[MovedEntry] = field(default_factory=list)
    large: list[tuple[str, int, str]] = field(default_factory=list)


class _Union:
    """Union-find over small integers; the smallest number of a set is its root, so the result has no order in it."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))

    def root(self, i: int) -> int:
        while self.parent[i] != i:
            self.parent[i] = i = self.parent[self.parent[i]]
        return i

    def join(self, i: int, j: int) -> None:
        i, j = sorted((self.root(i), self.root(j)))
        self.parent[j] = i


def group_mapsets(
    entries: Sequence[MapsetEntry],
    known: Sequence[KnownEntry] = (),
    fractions: Sequence[float] | None = None,
) -> Grouping:
    """Link mapsets into groups and give each a split.

    Args:
        entries: mapsets without group and split, any order.
        known: the groups of the previous version.
        fractions: shares of train, validation, test; None for 0.90, 0.05, 0.05 (all train when groups are few).
    """
    shared = _shared_audio(entries, known)
    components = _components(entries, known, shared)
    moved: list[MovedEntry] = []
    placed: list[tuple[list[int], str, str]] = []
    few = fractions is None and len(components) < FEWEST_GROUPS_TO_SPLIT
    for mapsets, pinned in components:
        if pinned:
            home = min(pinned, key=lambda group: (SPLITS.index(group.split), group.group))
            group, split = home.group, home.split
            moved += [MovedEntry(g.group, g.split, group, split) for g in pinned if g is not home]
        else:
            group = _group_id([entries[i] for i in mapsets], shared)
            split = SPLITS[0] if few else choose_split(group, fractions or DEFAULT_FRACTIONS)
        placed.append((mapsets, group, split))
    result = [
        msgspec.structs.replace(
            entries[i],
            group=group,
            split=split,
            audio=[msgspec.structs.replace(a, shared=a.link in shared) for a in entries[i].audio],
        )
        for mapsets, group, split in placed
        for i in mapsets
    ]
    result.sort(
        key=lambda entry: (SPLITS.index(entry.split), position(entry.group), entry.group, entry.root, entry.path)
    )
    bar = max(20, len(entries) // 100)
    large = [(g, len(m), min(_keys(entries, m), default="")) for m, g, _ in placed if len(m) > bar]
    return Grouping(
        result,
        _not_here(known, result, moved),
        sorted(moved, key=lambda m: (m.to_group, m.group)),
        sorted(large, key=lambda g: (-g[1], g[0])),
    )


def groups_of(entries: Iterable[MapsetEntry], known: Iterable[KnownEntry] = ()) -> list[KnownEntry]:
    """Collect the groups of placed mapsets, and of known songs without one: what the next version must know.

    Returns:
        One entry a group, sorted by group.
    """
    keys: dict[str, tuple[set[str], set[str], set[str]]] = defaultdict(lambda: (set(), set(), set()))
    splits: dict[str, str] = {}
    for entry in entries:
        splits[entry.group] = entry.split
        songs, audio, links = keys[entry.group]
        songs.update(entry.song_keys)
        audio.update(a.link for a in entry.audio if a.size and not a.shared)
        links.update(entry.links)
    for group in known:
        splits[group.group] = group.split
        for mine, more in zip(keys[group.group], (group.song_keys, group.audio, group.links), strict=True):
            mine.update(more)
    return [KnownEntry(group, splits[group], *map(sorted, three)) for group, three in sorted(keys.items())]


def _not_here(
    known: Sequence[KnownEntry], placed: Sequence[MapsetEntry], moved: Sequence[MovedEntry]
) -> list[KnownEntry]:
    """Return what the known groups hold and no mapset does now, under the group that each of them has become."""
    here = {group.group: group for group in groups_of(placed)}
    became = {move.group: (move.to_group, move.to_split) for move in moved}
    rest = []
    for old in known:
        group, split = became.get(old.group, (old.group, old.split))
        new = here.get(group) or KnownEntry(group, split, [], [], [])
        three = [
            sorted({*before} - {*now})
            for before, now in ((old.song_keys, new.song_keys), (old.audio, new.audio), (old.links, new.links))
        ]
        if any(three):
            rest.append(KnownEntry(group, split, *three))
    return groups_of([], rest)


def _keys(entries: Sequence[MapsetEntry], mapsets: Iterable[int]) -> set[str]:
    return {key for i in mapsets for key in entries[i].song_keys}


def _shared_audio(entries: Sequence[MapsetEntry], known: Sequence[KnownEntry]) -> set[str]:
    songs: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        for audio in entry.audio:
            songs[audio.link].update(entry.song_keys)
    for group in known:
        for link in group.audio:
            songs[link].update(group.song_keys)
    return {link for link, keys in songs.items() if len(keys) > MOST_SONGS_OF_AUDIO}


def _components(
    entries: Sequence[MapsetEntry], known: Sequence[KnownEntry], shared: set[str]
) -> list[tuple[list[int], list[KnownEntry]]]:
    """Return (indices of mapsets, known groups) of every component that holds a mapset."""
    union = _Union(len(entries) + len(known))
    holder: dict[tuple[str, str], int] = {}

    def link(node: int, kind: str, keys: Iterable[str]) -> None:
        for key in keys:
            union.join(holder.setdefault((kind, key), node), node)

    for i, entry in enumerate(entries):
        link(i, "song", entry.song_keys)
        link(i, "audio", (a.link for a in entry.audio if a.size and a.link not in shared))
        link(i, "link", entry.links)
        link(i, "digest", (entry.digest,))
    for j, group in enumerate(known, len(entries)):
        link(j, "song", group.song_keys)
        link(j, "audio", (audio for audio in group.audio if audio not in shared))
        link(j, "link", group.links)
    members: dict[int, tuple[list[int], list[KnownEntry]]] = defaultdict(lambda: ([], []))
    for i in range(len(entries)):
        members[union.root(i)][0].append(i)
    for j, group in enumerate(known, len(entries)):
        members[union.root(j)][1].append(group)
    return [component for component in members.values() if component[0]]


def _group_id(members: Sequence[MapsetEntry], shared: set[str]) -> str:
    songs = {key for entry in members for key in entry.song_keys}
    audio = {a.link for entry in members for a in entry.audio if a.size and a.link not in shared}
    smallest = min(songs or audio or {entry.digest for entry in members})
    return hashlib.sha256(smallest.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def choose_split(group: str, fractions: Sequence[float]) -> str:
    """Return the split of a group: a hash of its id against the fractions, the same on every machine and day."""
    share = int.from_bytes(hashlib.sha256(f"split{group}".encode()).digest()[:8]) / 2**64
    edge = 0.0
    for split, fraction in zip(SPLITS, fractions, strict=True):
        edge += fraction
        if share < edge:
            return split
    return next(split for split, fraction in reversed(list(zip(SPLITS, fractions, strict=True))) if fraction > 0)


def shard_counts(entries: Sequence[MapsetEntry], previous: dict[str, int] | None = None) -> dict[str, int]:
    """Choose the number of shards of every split that has mapsets: a power of two.

    The smallest with files below `limits.SHARD_BYTES` and at least min(16, mapsets // 8) of them. A number of the
    previous version is kept until a file would pass `limits.SHARD_BYTES_KEPT`, so that files keep their content.
    """
    counts = {}
    for split in SPLITS:
        mine = [(entry.group, _bytes(entry)) for entry in entries if entry.split == split]
        if not mine:
            continue
        kept = (previous or {}).get(split)
        n, cap = (kept, limits.SHARD_BYTES_KEPT) if kept else (1, limits.SHARD_BYTES)
        while not kept and n < min(16, len(mine) // 8):
            n *= 2
        groups = len({group for group, _ in mine})
        while n < groups and _largest(mine, n) > cap:
            n *= 2
        counts[split] = n
    return counts


def _bytes(entry: MapsetEntry) -> int:
    return sum(file.size for file in entry.audio) + sum(file.size for file in entry.members)


def _largest(sizes: Sequence[tuple[str, int]], n: int) -> int:
    totals: dict[int, int] = defaultdict(int)
    for group, size in sizes:
        totals[shard_of(group, n)] += size
    return max(totals.values())
