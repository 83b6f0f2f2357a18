"""Recordings: headers, samples on the game's clock, loudness, features."""
