"""Presets of each game, one TOML file a game."""
