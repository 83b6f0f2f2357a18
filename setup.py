from setuptools import find_packages, setup

# Every top-level folder that ships is a subpackage of rhythm_maps: nothing but `rhythm_maps` reaches site-packages,
# and a new game's folder is found without an edit. (pyproject.toml alone can map folders or find packages, not both.)
MAPPED = {f"rhythm_maps.{name}": name for name in ("builders", "configs", "hub_cards")}
setup(packages=find_packages(include=["rhythm_maps", "rhythm_maps.*"]) + list(MAPPED), package_dir=MAPPED)
