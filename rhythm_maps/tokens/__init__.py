"""Codec tokens, conditioning and sidecars; the only room that imports torch and encodec."""
