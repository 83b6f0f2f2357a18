"""Where mapsets come from."""
