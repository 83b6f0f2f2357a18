"""A build that another version of the package made is refused in words, not by an exception of ours."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rhythm_maps.errors import UsageError
from rhythm_maps.publish.stage import stage


def test_a_build_whose_rights_say_less_is_to_be_built_again(planted, tmp_path):
    build = shutil.copytree(planted[0], tmp_path / "old")
    for path in (build / "charts").glob("*.parquet"):
        table = pq.read_table(path)
        at = table.column_names.index("rights")
        fewer = [{"source": "local", "official": False} for _ in range(len(table))]
        pq.write_table(table.set_column(at, "rights", pa.array(fewer)), path)
    with pytest.raises(UsageError, match=r"column rights of charts .* Build it again"):
        stage(build, tmp_path / "out", opt_outs=planted[1])
    assert not (tmp_path / "out").exists()
