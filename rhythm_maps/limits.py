"""Every cap in the package, each with its reason. Nothing is allocated before its cap was checked."""

from __future__ import annotations

MIB = 1 << 20

# --- archives ---------------------------------------------------------------------------------------------------------
ARCHIVE_BYTES = 512 * MIB
"""Largest archive file opened. Ranked .osz files with video stay below 300 MiB; BeatSaver refuses zips above 15 MiB."""
ARCHIVE_ENTRIES = 10_000
"""Most members of an archive. Storyboard-heavy mapsets reach about 3,000 images."""
MEMBER_BYTES = 512 * MIB
"""Largest member that may be declared."""
ARCHIVE_READ_BYTES = 1024 * MIB
"""Most bytes read out of one archive in one opening, all members together."""
RATIO = 200
"""Largest expansion ratio of a member above `RATIO_FREE_BYTES` (silent hitsounds compress past 100:1 and are small)."""
RATIO_FREE_BYTES = 8 * MIB
"""Members up to this size may have any ratio."""
NAME_BYTES = 1024
"""Longest member name. Windows allows 260 characters a path, Linux 255 bytes a name."""
DIRECTORY_BYTES = ARCHIVE_ENTRIES * 2 * NAME_BYTES
"""Largest directory of an archive: 20 MB, twice the longest name for each of the most entries."""

# --- maps -------------------------------------------------------------------------------------------------------------
TEXT_BYTES = 32 * MIB
"""Largest `.osu` text. The largest ranked map is about 5 MiB."""
TEXT_SECTIONS = 10_000
"""Most lines of an `.osu` that begin with "[": a file has about eight; a file of nothing else would take minutes."""
LINE_BYTES = MIB
"""Longest line of an `.osu`; the longest real slider is below 100 KiB. A longer one is dropped as damage."""
JSON_BYTES = 64 * MIB
"""Largest Beat Saber JSON file, inflated. BeatSaver refuses files above 50 MiB."""
JSON_REPAIR_BYTES = 16 * MIB
"""Largest damaged JSON file that is repaired, which takes several passes and copies; real charts stay below 3 MiB, only
custom events make larger ones."""
JSON_OBJECTS = 3_000_000
"""Most objects and lists of a JSON file: a real one has one in 20 bytes or more, an empty one takes 2 bytes here and 64
or more in memory."""
NOTES = 1_000_000
"""Most objects of a chart."""
TEMPO_POINTS = 200_000
"""Most tempo points of a chart."""
BEATS = 100_000
"""Most beats of a chart: 27 hours at 60 BPM. Gimmick maps with beat lengths of 6 ms are cut here."""
BEAT_LENGTH_MS = (6.0, 60_000.0)
"""Shortest and longest beat length of osu! (ppy/osu TimingControlPoint.BeatLengthBindable)."""
CHART_ENTRIES = 1_000
"""Most charts of a mapset."""

# --- audio ------------------------------------------------------------------------------------------------------------
AUDIO_BYTES = 512 * MIB
"""Largest audio member kept in a row."""
AUDIO_SECONDS = 7200.0
"""Longest audio accepted from a header: 2 hours."""
AUDIO_CHANNELS = 2
"""Most channels (the games play mono and stereo; libsndfile headers may claim thousands)."""
AUDIO_RATE = 192_000
"""Highest sampling rate in Hz."""

# --- building ---------------------------------------------------------------------------------------------------------
READ_AHEAD_BYTES = 1 * MIB
"""Chart bytes that are handed to a game's parser at once: batches of 256 KB to 1 MB decode fastest (caches)."""
ROW_GROUP_BYTES = 64 * MIB
"""Largest row group: it is what a streaming reader holds per worker (the Hub's viewer reads at most 100 to 300 MB)."""
SHARD_BYTES = 256 * MIB
"""A Parquet file aims to stay below this when the number of shards is chosen."""
SHARD_BYTES_KEPT = 512 * MIB
"""With a previous version, the number of shards is kept until a file passes this."""
WARNINGS = 50
"""Most warnings a row keeps."""
