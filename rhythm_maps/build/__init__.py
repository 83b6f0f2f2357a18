"""From mapsets to a Hub-shaped folder: scan, group, split, shard, write, resume."""
