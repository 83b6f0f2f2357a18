"""Pushes a build to the Hub: staged by policy, one commit, read back, one tag.

::

    check      the build is what its ledger says
    stage      a projected copy beside it, with its card (`staging.py`)
    compare    with the head: what is sent, what is deleted; with the last version: what changed, which number it takes
    private    the repository is made, with a gate where it will be public
    upload     large files; nothing of it is visible
    commit     one, on top of the head that was compared
    read back  rows and features of every config and split, at that commit
    tag        v1.2.0: the version exists
    public     last, where it is asked for

Each step finds out whether it was done already, so a push that was stopped anywhere goes on when it runs again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rhythm_maps import limits
from rhythm_maps.build.spec import CONFIGS
from rhythm_maps.errors import UsageError
from rhythm_maps.files import atomic
from rhythm_maps.files.outputs import writing
from rhythm_maps.publish import staging, versions
from rhythm_maps.publish.check import check_build
from rhythm_maps.publish.diff import Diff
from rhythm_maps.publish.hub import Local, RemoteFile, Repository, State
from rhythm_maps.publish.quiet import no_local_paths
from rhythm_maps.publish.readback import read_back
from rhythm_maps.publish.staging import Options

Note = Callable[[str], None]
_OURS = {*CONFIGS, "tokens", "credits", "preview", "meta", "assets"}
"""Folders of a repository that a version owns: what lies there and is not of the new version is deleted."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push came to.

    Attributes:
        repo: the repository.
        version: the version, without "v".
        commit: the commit that its tag names; "" after a dry run of a version that is not there yet.
        sent: files that differ from the head by path, with their bytes.
        deleted: files of the head that are not in this version.
        rows: config -> split -> rows.
        left_out: reason -> rows that the policy left out.
        examples: reason -> the first ids of these.
        diff: what changed since the last version; None for the first.
        since: the last version; "" for the first.
        public: everybody can see it now (after a dry run: could).
    """

    repo: str
    version: str
    commit: str
    sent: Mapping[str, int]
    deleted: tuple[str, ...]
    rows: Mapping[str, Mapping[str, int]]
    left_out: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    diff: Diff | None = None
    since: str = ""
    public: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    """What has to change in a tree so that it is the staged folder."""

    add: Mapping[str, Local]
    delete: tuple[str, ...]

    @property
    def empty(self) -> bool:
        return not self.add and not self.delete


def push_to_hub(
    build: str | Path,
    repo: str,
    *,
    version: str,
    profile: str = "annotations",
    public: bool = False,
    configs: Sequence[str] | None = None,
    rights: str = "",
    permissions: str | Path | None = None,
    opt_outs: str | Path | None = None,
    token: str | None = None,
    dry_run: bool = False,
    force_weights: bool = False,
) -> Pushed:
    """Push a build to the Hub as one version: readers see the old one or the new one, whole, at every moment.

    Running it again after any trouble finishes it and sends only what is missing; an identical push changes nothing.

    Args:
        build: a folder that ``rhythm-maps build`` made.
        repo: "owner/name"; made, private, when it does not exist.
        version: three numbers such as "1.2.0", above all that were published. The first number goes up when columns
            change, a row moves to another split, or a row is withdrawn.
        profile: which columns leave this machine: "annotations", "maps", "tokens" or "audio".
        public: let everybody see it; otherwise only you do.
        configs: which configs to publish; None for all that the profile carries.
        rights: beyond annotations: on which basis you may publish this, in your words. It is kept on the card.
        permissions: file of permissions, one map a line, for a public push of content that asks for them.
        opt_outs: file of opt-outs; None for your own list.
        token: access token; None for the one you are logged in with.
        dry_run: stage and compare, and change nothing on the Hub.
        force_weights: publish tokens of a model that was not pretrained.

    Raises:
        UsageError: arguments, a version that does not go up enough, a public repository without `public`.
        BadFormat: the build is not what its own record says.
        HubError: the Hub refused or could not be reached. Nothing half is visible; run it again.
        Conflict: somebody else has pushed in the meantime.
        BuildError: the staging folder beside the build cannot be written.
    """
    options = Options(
        profile=profile,
        public=public,
        configs=None if configs is None else tuple(configs),
        rights=rights,
        permissions=None if permissions is None else Path(permissions).expanduser(),
        opt_outs=None if opt_outs is None else Path(opt_outs).expanduser(),
        force_weights=force_weights,
    )
    return push(Path(build).expanduser(), Repository(repo, token=token), version, options, dry_run=dry_run)


def push(
    build: Path,
    repository: Repository,
    version: str,
    options: Options,
    *,
    dry_run: bool = False,
    checked: bool = False,
    note: Note = lambda text: None,
) -> Pushed:
    """As `push_to_hub`, to a repository that may have a clock of its own.

    Args:
        build: the build.
        repository: where to.
        version: which version.
        options: what the policy is told.
        dry_run: change nothing on the Hub.
        checked: the build is known to be what its record says.
        note: told each step in a few words.
    """
    number = versions.parse(version)
    build = build.absolute()
    if not checked:
        note("checking the build against its ledger")
        check_build(build)
    state = repository.state()
    _check_visibility(repository, state, options)
    tags = repository.tags() if state else {}
    known = [one for one in versions.numbers(tags) if one != number]
    if versions.tag_of(number) not in tags:
        versions.check_follows(number, known)
    last = max((one for one in known if one < number), default=None)
    with no_local_paths(), _staging_folder(build) as folder:
        note("staging what the policy lets out")
        before = staging.Previous(repository, tags[versions.tag_of(last)]) if last else None
        staged = staging.stage(build, folder, options, repository.name, versions.text(number), before)
        versions.check_major(number, last, staged.breaking)
        files = local_files(staged)
        commit = tags.get(versions.tag_of(number), "")
        against = commit or (state.head if state else "")
        plan = _plan(files, repository.tree(against) if against else {})
        if commit and not plan.empty:
            raise _tag_stays(repository, number, plan)
        if not dry_run:
            commit = commit or _publish(repository, staged, number, options, note)
            if options.public:
                _open(repository)
        return Pushed(
            repository.name,
            versions.text(number),
            commit,
            {name: local.size for name, local in plan.add.items()},
            plan.delete,
            staged.rows,
            staged.left_out,
            staged.examples,
            staged.diff,
            versions.text(last) if last else "",
            options.public,
        )


def _open(repository: Repository) -> None:
    """Let everybody see the repository, behind a gate: also where its owner took the gate away since."""
    if not repository.create().gated:
        repository.set_gate()
    repository.set_public()


def _publish(
    repository: Repository, staged: staging.Staged, number: versions.Number, options: Options, note: Note
) -> str:
    """Make the commit and its tag; return the commit."""
    state = repository.create()
    if options.public and not state.gated:
        repository.set_gate()
    commit = publish_staged(repository, staged, f"Version {versions.text(number)}", note)
    repository.tag(versions.tag_of(number), commit)
    return commit


def publish_staged(repository: Repository, staged: staging.Staged, message: str, note: Note = lambda text: None) -> str:
    """Make the head of a repository what was staged, in one commit, and read it back; return the commit."""
    head = repository.create().head
    plan = _plan(local_files(staged), repository.tree(head))
    commit = head
    if not plan.empty:
        note(f"sending {len(plan.add)} files, {sum(local.size for local in plan.add.values()):,} bytes")
        commit = repository.commit(message, plan.add, plan.delete, head)
    note("reading it back")
    read_back(repository, commit, staged)
    return commit


def local_files(staged: staging.Staged) -> dict[str, Local]:
    """Return the files of a staged folder by their path in the repository.

    Raises:
        UsageError: they are more than fit one commit.
    """
    if len(staged.files) > limits.PUSH_FILES:
        raise UsageError(
            f"{len(staged.files)} files: a version is one commit, and at most {limits.PUSH_FILES} files go into one. "
            "Publish fewer --configs, each set of them in a repository of its own."
        )
    return {name: Local(staged.folder / name) for name in staged.files}


def _plan(files: Mapping[str, Local], tree: Mapping[str, RemoteFile]) -> _Plan:
    add = {name: local for name, local in files.items() if name not in tree or not tree[name].same_as(local)}
    tops = _OURS | {name.split("/")[0] for name in files if "/" in name}
    gone = (name for name in tree if "/" in name and name.split("/")[0] in tops and name not in files)
    return _Plan(add, tuple(sorted(gone)))


def _check_visibility(repository: Repository, state: State | None, options: Options) -> None:
    if state is not None and not state.private and not options.public:
        raise UsageError(
            f"{repository.name}: the repository is public, so this push would be. Give --public (public=True) with "
            "what it asks for, make the repository private in its settings, or push to another."
        )


def _tag_stays(repository: Repository, number: versions.Number, plan: _Plan) -> UsageError:
    names = [*plan.add, *plan.delete]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    major, minor, patch = number
    return UsageError(
        f"{repository.name}: version {versions.text(number)} was published with other content (it differs in {shown}), "
        f"and a tag never moves. Push as {major}.{minor}.{patch + 1} or higher."
    )


@contextmanager
def _staging_folder(build: Path) -> Iterator[Path]:
    """Hold an empty folder beside the build; what a killed push left there is removed first."""
    with writing(build.with_name(f"{build.name}.push"), "Run the push again when it is mended."):
        for found in sorted(build.parent.iterdir()):
            if re.fullmatch(re.escape(build.name) + r"\.push-[0-9a-f]{8}", found.name) and found.is_dir():
                atomic.remove_tree(found)
        folder = build.with_name(f"{build.name}.push-{time.time_ns() & 0xFFFFFFFF:08x}")
        try:
            yield folder
        finally:
            atomic.remove_tree(folder)
