"""What tests do at the test Hub, each in a process of its own (`hub_child`): push, read, compare, withdraw."""

from __future__ import annotations

import dataclasses
import logging
import random
import time
import types
from pathlib import Path
from typing import Any

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
    **options: Any,
) -> dict[str, Any]:
    """Push; return what came of it and how long it would have waited.

    A card of pictures and examples that were run takes seconds; `plain_card` gives the small one of a build.
    """
    from rhythm_maps.publish import stage
    from rhythm_maps.publish.push import push
    from rhythm_maps.publish.staging import Options

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
    from rhythm_maps.publish.withdraw import withdraw

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


def poll(repo: str, configs: list[str], seconds: float, stop: str) -> list[list[Any]]:
    """Load the head again and again until a file says stop; return (head, ids of every config) of each poll."""
    from datasets import load_dataset
    from huggingface_hub import HfApi

    _begin()
    seen = []
    end = time.monotonic() + seconds
    while time.monotonic() < end and not Path(stop).exists():
        head = HfApi().dataset_info(repo).sha
        config = random.choice(configs)
        rows = load_dataset(repo, config, revision=head, streaming=True)
        count = {split: sum(1 for _ in found) for split, found in rows.items()}
        seen.append([head, config, count])
    return seen


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
    """Run the command line."""
    from click.testing import CliRunner

    from rhythm_maps.cli import cli

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
