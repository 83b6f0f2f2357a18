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
BREAKS = 10_000
"""Most breaks of a chart; real ones have a few. Further ones are dropped lines."""
EDGES = 2_000_000
"""Most slider edges of a chart: twice its most notes. A slider may say that it is run through 9,000 times."""
CURVE_WORK = 50_000_000
"""Most work that the curves of a chart may cost (about points squared, for each halving): a few seconds."""
CHART_ENTRIES = 1_000
"""Most charts of a mapset."""
PARTS = 64
"""Most parts whose features a chart has of their own; the most keys that a game knows are 18."""

# --- osu!'s other files -----------------------------------------------------------------------------------------------
DATABASE_BYTES = 1024 * MIB
"""Largest database of osu!: `osu!.db` takes about 1.6 KiB a beatmap, so this is some 600,000 of them."""
SMALL_DATABASE_BYTES = 64 * MIB
"""Largest of osu!'s other databases: some 500,000 scores, or collections of 1,900,000 beatmaps."""
REPLAY_BYTES = 64 * MIB
"""Largest `.osr`. An hour of play is below 2 MiB; the server refuses replays far smaller than this."""
REPLAY_TEXT_BYTES = 32 * MIB
"""Most text that a replay's LZMA data may hold: five hours at 100 frames a second."""
REPLAY_FRAMES = 2_000_000
"""Most frames of a replay, and points of its life bar: five hours at 100 a second."""
REPLAY_BAD_FRAMES = 10_000
"""Damaged frames after which the rest of a replay is not read: they take 20 times as long as good ones."""
LZMA_MEMORY = 64 * MIB
"""Most memory for LZMA's dictionary: osu! writes 2 MiB, stable up to 8 MiB, a hostile header may ask for 4 GiB."""
SCORE_JSON_BYTES = MIB
"""Largest JSON text at the end of a lazer replay, inflated: mods and statistics, below 4 KiB in practice."""
SCORE_JSON_DEPTH = 16
"""Most levels of that JSON: a list of mods with their settings has four."""

# --- audio ------------------------------------------------------------------------------------------------------------
AUDIO_BYTES = 512 * MIB
"""Largest audio member kept in a row."""
AUDIO_SECONDS = 7200.0
"""Longest audio accepted from a header: 2 hours."""
AUDIO_CHANNELS = 2
"""Most channels (the games play mono and stereo; libsndfile headers may claim thousands)."""
AUDIO_RATE = 192_000
"""Highest sampling rate in Hz."""
AUDIO_LEAST_RATE = 1_000
"""Lowest sampling rate in Hz that is resampled (MP3s begin at 8,000): 1 Hz makes gigabytes of a small file."""
AUDIO_BLOCK_SECONDS = 60.0
"""Longest block of a decoder: 92 MB at the most channels and the highest rate."""
AUDIO_SHIFT_SECONDS = 10.0
"""Largest shift of a clock. An MP3's tag can state 8 s (65,535 samples at 8 kHz)."""
AUDIO_PEAK = 2.0**32
"""Largest sample that counts as one: 1 is full scale, float files written from integers reach 2^31."""

# --- tokens and sidecars ----------------------------------------------------------------------------------------------
ECDC_BYTES = 160 * MIB
"""Largest `.ecdc`: two hours in 32 codebooks as int64 take 132 MiB."""
ECDC_HEADER_BYTES = MIB // 16
"""Largest JSON header of the codec's own files; it has some 60 bytes."""
TOKEN_PICKLE_BYTES = MIB // 16
"""Largest pickle inside a torch-saved `.ecdc`; it has some 250 bytes."""
TOKEN_FRAMES = 540_000
"""Most frames of a recording: `AUDIO_SECONDS` at 75 a second."""
CODEBOOKS = 32
"""Most codebooks: EnCodec's 24 kbps."""
SIDECAR_FEATURES = 1_000
"""Most features of a sidecar; a mel spectrogram beside some controls has some 140."""
SIDECAR_BYTES = 512 * MIB
"""Largest `.cond.npy`: two hours of 240 features as float32."""
SIDECAR_JSON_BYTES = 4 * MIB
"""Largest `.cond.json`: some 300 bytes a feature, and their descriptions."""
TABLE_BYTES = 256 * MIB
"""Largest CSV table of features: two hours of 40 features, one row a frame."""

# --- tokens -----------------------------------------------------------------------------------------------------------
WEIGHTS_BYTES = 256 * MIB
"""Largest file of model weights read: the published 24 kHz EnCodec model has 89 MiB."""

LIBRARY_BYTES = 1024 * MIB
"""Largest library file of a game that a scan reads."""
FACTS_DOCUMENT_BYTES = 128 * MIB
"""Largest JSON document of facts, or line of a file of lines; a page of 100 maps of BeatSaver's API has 300 KB. It
takes several times that in memory, so that a larger collection must be JSON lines."""
FACTS_PROBLEMS = 1_000
"""Most unusable entries of a file of facts that are told of one by one; of further ones their number is."""
PLAYLIST_BYTES = 16 * MIB
"""Largest playlist: some 150 bytes a song, and a cover picture."""
OPT_OUTS_BYTES = 64 * MIB
"""Largest file of opt-outs or permissions, or answer about deleted maps: some 300,000 lines of 200 bytes."""
FOLDER_LIST_BYTES = MIB // 4
"""Largest list of further folders in an install: one has some 200 bytes a folder."""

# --- official levels --------------------------------------------------------------------------------------------------
BUNDLE_BYTES = 512 * MIB
"""Largest Unity bundle opened. A level's is 6 to 22 MB."""
BUNDLE_INFLATED_BYTES = 512 * MIB
"""Most bytes that a bundle's blocks may hold when inflated; `RATIO` holds as well."""
BUNDLE_DIRECTORY_BYTES = 4 * MIB
"""Largest directory of a bundle: 20 bytes or more a file, 10 a block."""
BUNDLE_BLOCKS = 100_000
"""Most blocks of a bundle: LZ4 blocks are 128 KiB, so 512 MiB have 4,096."""
LZMA_DICTIONARY_BYTES = 64 * MIB
"""Largest LZMA dictionary, which is allocated at once. Unity writes 8 MiB."""
BUNDLE_VALUES = 5_000_000
"""Most values of all objects that are read of one bundle; a picture or sound counts as one. A pack has some 10,000."""
BUNDLE_OBJECTS = 200_000
"""Most objects of a bundle. A pack has a few hundred."""
INSTALL_BUNDLES = 20_000
"""Most bundles of an install. A real one has about 400."""
COVER_PIXELS = 4096 * 4096
"""Largest cover picture. The game's have 256 to 512 pixels a side."""
FSB_SECONDS = 120.0
"""Longest time in seconds that decoding one song may take; 0.2 s a minute of music is usual."""

# --- building ---------------------------------------------------------------------------------------------------------
READ_AHEAD_BYTES = 1 * MIB
"""Chart bytes that are handed to a game's parser at once: batches of 256 KB to 1 MB decode fastest (caches)."""
ROW_GROUP_BYTES = 64 * MIB
"""Largest row group: it is what a streaming reader holds per worker (the Hub's viewer reads at most 100 to 300 MB)."""
PUBLISHED_ROW_GROUP_BYTES = 100_000_000
"""Largest row group that is published, unless one row is larger: the Hub's viewer reads no more."""
SHARD_BYTES = 256 * MIB
"""A Parquet file aims to stay below this when the number of shards is chosen."""
SHARD_BYTES_KEPT = 512 * MIB
"""With a previous version, the number of shards is kept until a file passes this."""
WARNINGS = 50
"""Most warnings a row keeps."""

# --- publishing -------------------------------------------------------------------------------------------------------
PUSH_FILES = 600
"""Most files of a version, which become visible in one commit; more in one were never tried. A build with more gets
larger shards when it is staged."""
HUB_TRIES = 6
"""How often a request to the Hub is made: waits of 1 to 16 s between them ride out half a minute of trouble."""
HUB_WAIT_SECONDS = 16.0
"""Longest wait between two tries where the Hub names none."""
HUB_RETRY_AFTER_SECONDS = 600.0
"""Longest wait that the Hub may ask for (its limits are counted in windows of 5 minutes); beyond it the push ends."""

# --- cards ------------------------------------------------------------------------------------------------------------
CARD_BYTES = 2 * MIB
"""Largest README that is checked. Ours stay below 100 KiB, and reading YAML takes seconds a MiB."""
CARD_TEXT = 60
"""Most characters of a title, name or other text of the data in a cell of a card's table."""
CARD_OUTPUT_LINE = 120
"""Longest line that a card shows of what an example printed."""
CARD_CACHED_BYTES = 256 * MIB
"""Largest folder whose card is kept for the same folder's next push: its bytes are read for it, in half a second."""
CARD_EXAMPLE_SECONDS = 600.0
"""Longest time that a card's examples may take together: each reads a few rows, the first of which may be 64 MiB."""
