"""What tests do at the test Hub, each in a process of its own (`hub_child`): push, read, compare, withdraw."""

from __future__ import annotations

import dataclasses
import logging
import pickle
import platform
import shutil
import socket
import time
import types
from pathlib import Path
from typing import Any

HOST = "host-of-jane"
"""What the machine is called in these processes: its real name may be as short as "pc", and found anywhere."""
_LOGS: list[str] = []
_SLEPT: list[float] = []


def warm() -> None:
    """Import what takes long; start no thread, because forks follow."""
    import datasets  # noqa: F401
    import huggingface_hub  # noqa: F401
    from datasets.packaged_modules.parquet import parquet  # noqa: F401
    from fsspec.implementations import http  # noqa: F401
    from huggingface_hub import hf_file_system, lfs  # noqa: F401

    from rhythm_maps.publish import push  # noqa: F401


def logs() -> list[str]:
    """Everything that was logged, at every level."""
    return _LOGS


class _Keep(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _LOGS.append(f"{record.name} {record.levelname} {record.getMessage()}")


def _begin() -> None:
    """Wait nowhere, show no bars, keep every log line."""
    import datasets
    from huggingface_hub.utils import _http

    datasets.disable_progress_bars()
    socket.gethostname = platform.node = lambda: HOST
    _http.time = types.SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None})
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger().addHandler(_Keep())
    for name in ("huggingface_hub", "datasets"):
        logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def _repository(repo: str, token: str | None) -> Any:
    from rhythm_maps.publish.hub import Repository

    _begin()
    return Repository(repo, token=token, pause=_SLEPT.append)


def push(
    build: str,
    repo: str,
    version: str,
    *,
    token: str | None = None,
    dry_run: bool = False,
    checked: bool = False,
    plain_card: bool = True,
    keep: str = "",
    most_files: int = 0,
    **options: Any,
) -> dict[str, Any]:
    """Push; return what came of it and how long it would have waited.

    A card of pictures and examples that were run takes seconds; `plain_card` gives a small one. With `keep`, a folder,
    what was staged there once is taken again: it is the same every time.
    """
    from rhythm_maps import limits
    from rhythm_maps.publish import stage, staging
    from rhythm_maps.publish.push import push
    from rhythm_maps.publish.staging import Options

    limits.PUSH_FILES = most_files or limits.PUSH_FILES
    if keep:
        staging.stage = _keeping(Path(keep), staging.stage)
    if plain_card:
        stage.write_card = _write_plain_card
    if options.get("configs"):
        options["configs"] = tuple(options["configs"])
    for name in ("permissions", "opt_outs"):
        if options.get(name):
            options[name] = Path(options[name])
    repository = _repository(repo, token)
    made = push(Path(build), repository, version, Options(**options), dry_run=dry_run, checked=checked)
    return {**_plain(made), "slept": _SLEPT, "cpu": time.process_time()}


def _keeping(kept: Path, stage: Any) -> Any:
    def staged(build: Path, folder: Path, *rest: Any) -> Any:
        if not (kept / "done").exists():
            first = stage(build, folder, *rest)
            shutil.copytree(folder, kept / "folder")
            (kept / "done").write_bytes(pickle.dumps(first))
        return dataclasses.replace(pickle.loads((kept / "done").read_bytes()), folder=kept / "folder")

    return staged


def _write_plain_card(folder: Path, facts: Any) -> None:
    import json

    info = json.loads((folder / "meta" / "info.json").read_text(encoding="utf-8"))
    configs = [
        {
            "config_name": config,
            "default": config == "charts",
            "data_files": [{"split": split, "path": f"{config}/{split}-*.parquet"} for split in splits],
        }
        for config, splits in info["rows"].items()
    ]
    text = f"---\nconfigs: {json.dumps(configs)}\n---\n{facts.version}: {facts.changes}\n"
    (folder / "README.md").write_text(text, encoding="utf-8", newline="\n")


def withdraw(repo: str, ids: list[str], version: str, *, reason: str = "", token: str | None = None) -> dict[str, Any]:
    """Withdraw rows."""
    from rhythm_maps.publish import stage
    from rhythm_maps.publish.withdraw import withdraw

    stage.write_card = _write_plain_card

    return _plain(withdraw(_repository(repo, token), ids, version, reason=reason))


def versions(repo: str) -> list[dict[str, Any]]:
    """List the versions."""
    from rhythm_maps.publish.versions import versions

    _begin()
    return [_plain(version) for version in versions(repo)]


def diff(old: str, new: str) -> dict[str, Any]:
    """Compare two builds or revisions."""
    from rhythm_maps.publish.diff import compare, side

    _begin()
    return _plain(compare(side(old), side(new)))


def load(repo: str, config: str, key: str, **how: Any) -> Any:
    """Load a config with plain datasets; return split -> the values of a column."""
    from datasets import load_dataset

    _begin()
    return {split: [row[key] for row in rows] for split, rows in load_dataset(repo, config, **how).items()}


def poll(repo: str, config: str, key: str, stop: str) -> list[Any]:
    """Load a config again and again as anybody does, until a file says stop; return the ids of each time."""
    from datasets import load_dataset

    _begin()
    seen = []
    while not Path(stop).exists() or not seen:
        found = load_dataset(repo, config, streaming=True, columns=[key])
        seen.append({split: [row[key] for row in rows] for split, rows in found.items()})
    return seen


def list_files(repo: str, stop: str) -> list[Any]:
    """List the files of main again and again, until a file says stop; return each different answer."""
    from huggingface_hub import HfApi

    _begin()
    seen: list[Any] = []
    while not Path(stop).exists() or not seen:
        files = sorted(HfApi().list_repo_files(repo, repo_type="dataset"))
        if not seen or seen[-1] != files:
            seen.append(files)
    return seen


def xet_is_on() -> bool:
    """Tell whether the client would send large files through Xet."""
    from huggingface_hub.utils._runtime import is_xet_available

    return bool(is_xet_available())


def settings(repo: str, **wanted: Any) -> None:
    """Change a repository's settings as its owner does on the website."""
    from huggingface_hub import HfApi

    _begin()
    HfApi().update_repo_settings(repo, repo_type="dataset", **wanted)


def upload(repo: str, path: str, text: str) -> str:
    """Commit one file as its owner does on the website."""
    from huggingface_hub import HfApi

    _begin()
    return HfApi().upload_file(path_or_fileobj=text.encode(), path_in_repo=path, repo_id=repo, repo_type="dataset").oid


def command(arguments: list[str]) -> dict[str, Any]:
    """Run the command line, with the small card."""
    from click.testing import CliRunner

    from rhythm_maps.cli import cli
    from rhythm_maps.publish import stage

    stage.write_card = _write_plain_card
    _begin()
    done = CliRunner().invoke(cli, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return {"status": done.exit_code, "text": done.output}


def _plain(value: Any) -> Any:
    """Turn dataclasses and paths into JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value
