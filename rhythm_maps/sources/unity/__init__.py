"""Official Beat Saber levels out of a game install's Unity bundles (extra ``[unity]``).

::

    bundle      UnityFS container: the files inside, every size checked
    serialized  table of a file's objects           trees, layouts   how an object's bytes become names and values
    unity       what is asked of UnityPy            objects          the objects of one bundle
    records     what packs and level bundles say    fsb5, native, song, cover    sound and picture as ordinary files
    folder      Info.dat and names of a folder      level            one level as the members of a mapset
    walk, packs, install                            the parts of an install, and which belongs to which
    extract     levels written as folders
"""

from rhythm_maps.sources.unity.bundle import is_bundle
from rhythm_maps.sources.unity.extract import Extracted, extract_official
from rhythm_maps.sources.unity.install import Install, open_official
from rhythm_maps.sources.unity.level import OfficialLevel

__all__ = ["Extracted", "Install", "OfficialLevel", "extract_official", "is_bundle", "open_official"]
