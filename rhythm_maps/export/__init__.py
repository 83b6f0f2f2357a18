"""Builds turned into what other tools take."""
