"""Loads a folder of maps under the spawn start method: ``spawn.py GAME FOLDER``. Spawn runs a script anew."""

from __future__ import annotations

import os
import sys


class Tagged:
    """Adds to each row the process it was made in; a class of a module, so that it is pickled by name."""

    def __call__(self, row):
        return {"chart_id": row["chart_id"], "worker": os.getpid()}


def main(game, folder):
    import datasets
    import multiprocess
    from torch.utils.data import DataLoader

    import rhythm_maps

    datasets.disable_progress_bars()
    multiprocess.set_start_method("spawn")
    options = {"data_dir": folder, "split": "train", "on_bad_files": "skip"}
    cache = os.environ["HF_DATASETS_CACHE"]
    one = rhythm_maps.load_dataset(game, "charts", cache_dir=f"{cache}/one", **options)
    two = rhythm_maps.load_dataset(game, "charts", cache_dir=f"{cache}/two", num_proc=2, **options)
    assert len(one) > 0
    assert repr(list(two)) == repr(list(one)), "num_proc=2 gave other rows"
    assert len(two.cache_files) == 2, two.cache_files
    stream = rhythm_maps.load_dataset(game, "charts", streaming=True, **options).map(
        Tagged(), remove_columns=[name for name in one.column_names if name != "chart_id"]
    )
    loader = DataLoader(stream, batch_size=None, num_workers=2, multiprocessing_context="spawn")
    rows = list(loader)
    assert sorted(row["chart_id"] for row in rows) == sorted(one["chart_id"])
    workers = {row["worker"] for row in rows}
    assert len(workers - {os.getpid()}) == 2, workers
    print("num_proc: same rows, 2 processes; DataLoader: same rows, 2 workers")


if __name__ == "__main__":
    main(*sys.argv[1:])
