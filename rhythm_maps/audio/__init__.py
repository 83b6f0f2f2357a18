"""Recordings: what their headers say."""
