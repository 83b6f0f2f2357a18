"""Files as data: members of archives and folders, safe look-up of names, zips and files written whole."""

from rhythm_maps.files.archive import open_members
from rhythm_maps.files.folder import open_folder
from rhythm_maps.files.lookup import Found, NameIndex, lookup
from rhythm_maps.files.members import MemberSource

__all__ = ["Found", "MemberSource", "NameIndex", "lookup", "open_folder", "open_members"]
