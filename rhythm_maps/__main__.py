"""``python -m rhythm_maps`` is ``rhythm-maps``."""

from rhythm_maps.cli import main

if __name__ == "__main__":
    main()
