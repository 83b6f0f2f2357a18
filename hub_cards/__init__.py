"""Texts of the README that a build writes: the template and a few sentences a game."""
