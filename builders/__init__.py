"""Builders: one thin module a game, so that datasets finds exactly one class in each."""
