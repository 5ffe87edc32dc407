"""Files: one of ours as a whole, lines in somebody else's, or who may use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from kit.i18n import _
from kit.model.artefact import (
    Artefact,
    AttributesArtefact,
    FileArtefact,
    LinesArtefact,
    Mode,
    Name,
    PathPattern,
    ReloadAction,
    Validator,
)
from kit.model.facts import Facts
from kit.model.meta import Meta, Path, Phase
from kit.model.observation import Absent, Instances, Observation, Observations, Observed
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.record import Record
from kit.model.setting import Conflict, Detail, Expectation, Question, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.file_paths import checked_pattern, has_wildcards
from kit.reads.file_state import FileState
from kit.reads.file_text import LIMIT, FileText
from kit.resources.generated_header import header

TextLine = Annotated[str, Field(pattern=r"^[^\n\r\x00]*\S[^\n\r\x00]*$", max_length=400)]

# Where a wrong content ends a way in. Who may use a file is narrowed without that.
_CARRIES: Final[tuple[tuple[str, Path], ...]] = (
    ("/etc/NetworkManager/", Path.NETWORK),
    ("/etc/group", Path.LOGIN),
    ("/etc/netplan/", Path.NETWORK),
    ("/etc/network/", Path.NETWORK),
    ("/etc/nsswitch.conf", Path.LOGIN),
    ("/etc/pam.", Path.LOGIN),
    ("/etc/passwd", Path.LOGIN),
    ("/etc/security/", Path.LOGIN),
    ("/etc/shadow", Path.LOGIN),
    ("/etc/ssh/", Path.SSH),
    ("/etc/sudoers", Path.SUDO),
    ("/etc/systemd/network/", Path.NETWORK),
)


class WantedLine(Record):
    """A line that must stand in a file.

    ``replaces``: the leading words whose other lines it takes the place of; those are then looked
    at as well, so that no second line undoes it.
    """

    line: TextLine
    replaces: TextLine | None = None


class File(Setting):
    """A file, in one of three ways.

    .. code-block:: yaml

        # one of the kit's own, whole
        type: file
        path: /etc/issue.net
        content: "Authorised use only\\n"
        comment: none            # no line at the top that says who writes it; else "#" or ";"
        mode: "0644"

        # lines in somebody else's
        type: file
        path: /etc/login.defs
        lines: [{line: "UMASK 027", replaces: UMASK}]
        absent_lines: ["ENCRYPT_METHOD MD5"]

        # who may use it; the path may be a pattern
        type: file
        path: /etc/ssh/ssh_host_*_key
        owner: root
        mode_within: "0600"
        if_none: not_applicable

    ``state: absent`` takes the file away.
    """

    reads: ClassVar = {Platform.LINUX: (FileState, FileText)}
    type: Literal["file"]
    path: PathPattern
    kind: Literal["file", "directory"] = "file"
    state: Literal["present", "absent"] = "present"
    content: Annotated[str, Field(max_length=LIMIT // 4)] | None = None
    comment: Literal["#", ";", "none"] = "#"
    owner: Name | None = None
    group: Name | None = None
    mode: Mode | None = None
    mode_within: Mode | None = None
    lines: tuple[WantedLine, ...] = ()
    absent_lines: tuple[TextLine, ...] = ()
    create: bool = False
    validator: Validator | None = None
    reload: ReloadAction | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        checked_pattern(self.path)
        whole = self.content is not None or self.state == "absent"
        ways = [whole, bool(self.lines or self.absent_lines), self._narrows() and not whole]
        if sum(ways) != 1:
            raise ValueError(_("give either a content, or lines, or an owner, group or mode."))
        if has_wildcards(self.path) and not ways[2]:
            raise ValueError(_("only owner, group and mode go with a pattern of paths."))
        if self.kind == "directory" and not ways[2]:
            raise ValueError(_("only owner, group and mode go with a folder."))
        if (whole and self.mode_within is not None) or (not whole and self.mode is not None):
            raise ValueError(_("“mode” goes with a content, “mode_within” without."))
        if self.content is not None and ("\0" in self.content or "\ufffd" in self.content):
            raise ValueError(_("the content is no text."))
        if {one.line for one in self.lines} & set(self.absent_lines):
            raise ValueError(_("the same line is to be there and not to be there."))
        return self

    def _narrows(self) -> bool:
        return any(one is not None for one in (self.owner, self.group, self.mode_within))

    def slot(self) -> str:
        """``file:PATH``."""
        return f"{self.type}:{self.path}"

    def keys(self, read: ReadClass) -> frozenset[str]:
        """What is asked of the file's state, or of its text."""
        return frozenset(self._expected().get(read.id, {}))

    def expectation(self, read: str, key: str) -> Expectation:
        """Of each key its own."""
        return self._expected()[read][key]

    def _expected(self) -> dict[str, dict[str, Expectation]]:
        if self.state == "absent":
            return {FileState.id: {f"kind any {self.path}": Expectation(Operator.ABSENT)}}
        state = {
            f"{name} {self.kind} {self.path}": Expectation(op, value)
            for name, op, value in self._attributes()
        }
        if self.content is not None:
            text = {f"text {self.path}": Expectation(Operator.EQUALS, self.text())}
        else:
            text = dict(self._expected_lines())
        return {read: keys for read, keys in ((FileState.id, state), (FileText.id, text)) if keys}

    def _attributes(self) -> Iterator[tuple[str, Operator, str]]:
        whole = self.content is not None
        owner, group = ("root", "root") if whole else (None, None)
        for name, value in (("owner", self.owner or owner), ("group", self.group or group)):
            if value is not None:
                yield name, Operator.EQUALS, value
        if whole:
            yield "mode", Operator.EQUALS, self.mode or "0644"
        elif self.mode_within is not None:
            yield "mode", Operator.MODE_WITHIN, self.mode_within

    def _expected_lines(self) -> Iterator[tuple[str, Expectation]]:
        for words, wanted in self._replacing().items():
            yield f"setting {self.path} {words}", Expectation(Operator.EXACTLY, wanted)
        for one in self.lines:
            yield f"line {self.path} {one.line}", Expectation(Operator.EQUALS, "present")
        for line in self.absent_lines:
            expected = Expectation(Operator.EQUAL_OR_ABSENT, "missing")
            yield f"line {self.path} {line}", expected

    def _replacing(self) -> dict[str, tuple[str, ...]]:
        """Leading words -> the wanted lines that take the place of all that start with them."""
        found: dict[str, tuple[str, ...]] = {}
        for one in self.lines:
            if one.replaces is not None:
                line = one.line.strip()
                found[one.replaces] = tuple(sorted({*found.get(one.replaces, ()), line}))
        return found

    def text(self) -> str:
        """The whole file: the kit's header, if the file has comments, and the content."""
        content = self.content or ""
        if content and not content.endswith("\n"):
            content += "\n"
        return content if self.comment == "none" else header(self.comment) + content

    def enforced(self) -> Mapping[str, Observations]:
        """Just what is asked for."""
        return {
            read: {key: _enforced(expected) for key, expected in keys.items()}
            for read, keys in self._expected().items()
        }

    @classmethod
    def combined(cls, settings: Sequence[Self]) -> Mapping[str, Observations]:
        """Rights of several rules are narrowed together; anything else must be the same.

        A file that is ours as a whole has no lines of somebody else.
        """
        slot = settings[0].slot()
        if len({_way(one) for one in settings} & {"absent", "content", "lines"}) > 1:
            raise Conflict(slot)
        shown: dict[str, dict[str, Observation]] = {}
        for one in settings:
            for read, keys in one.enforced().items():
                for key, wanted in keys.items():
                    old = shown.setdefault(read, {}).setdefault(key, wanted)
                    shown[read][key] = _both(slot, key, old, wanted)
        return shown

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The file, its lines, or its attributes."""
        del facts
        if _way(self) == "lines":
            return (Target(ArtefactKind.LINES, self.path, FileText.id),)
        if _way(self) == "attributes":
            return (Target(ArtefactKind.ATTRIBUTES, self.path, FileState.id),)
        reads = [read.id for read in (FileState, FileText) if self.keys(read)]
        return tuple(Target(ArtefactKind.FILE, self.path, read) for read in reads)

    def meta(self, facts: Facts) -> Meta:
        """What stands in some files can end a way in."""
        del facts
        cuts: frozenset[Path] = frozenset()
        if _way(self) != "attributes":
            cuts = frozenset(path for start, path in _CARRIES if self.path.startswith(start))
        return Meta(phase=Phase.FILES, may_cut=cuts)

    def values_shown(self) -> str:
        """``file:PATH`` and what is wanted of it, without its text."""
        if _way(self) in {"absent", "content"}:
            return f"{self.slot()} {self.state}"
        wanted = [one.line for one in self.lines]
        wanted += [f"{name} {value}" for name, _op, value in self._attributes()]
        return f"{self.slot()} {', '.join(wanted) or 'lines'}"

    def _judge_key(self, asked: Question, seen: Observation) -> Detail:
        if isinstance(seen, Absent) and self.if_none == "not_applicable":
            # Only rights: no such file, nothing to protect. A text or a line is wanted there.
            seen = Instances(complete=True) if _way(self) == "attributes" else seen
        return super()._judge_key(asked, seen)

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """The one artefact of the file."""
        files = sorted(
            (one for one in settings if isinstance(one, File)),
            key=lambda one: one.model_dump_json(),
        )
        if target.kind is ArtefactKind.LINES:
            return _lines(target, [one for one in files if _way(one) == "lines"])
        if target.kind is ArtefactKind.ATTRIBUTES:
            return _attributes(target, [one for one in files if _way(one) == "attributes"])
        one = next(one for one in files if _way(one) in {"absent", "content"})
        if one.state == "absent":
            return FileArtefact(path=target.id, state="absent", reload=one.reload)
        return FileArtefact(
            path=target.id,
            content=one.text(),
            owner=one.owner or "root",
            group=one.group or "root",
            mode=one.mode or "0644",
            validator=one.validator,
            reload=one.reload,
        )


def _way(one: File) -> Literal["absent", "attributes", "content", "lines"]:
    if one.state == "absent":
        return "absent"
    if one.content is not None:
        return "content"
    return "lines" if one.lines or one.absent_lines else "attributes"


def _enforced(expected: Expectation) -> Observation:
    return Absent() if expected.op is Operator.ABSENT else Observed(expected.value)


def _both(slot: str, key: str, old: Observation, new: Observation) -> Observation:
    """What two rules ask of one key together; raises ``Conflict``."""
    if old == new:
        return old
    if key.startswith("mode ") and isinstance(old, Observed) and isinstance(new, Observed):
        return Observed(f"{int(str(old.value), 8) & int(str(new.value), 8):04o}")
    raise Conflict(slot)


def _lines(target: Target, files: Sequence[File]) -> LinesArtefact:
    wanted = {one.line: one.replaces or "" for file in files for one in file.lines}
    reloads = sorted({file.reload for file in files if file.reload is not None})
    return LinesArtefact(
        path=target.id,
        present=tuple(sorted(wanted)),
        replaces=tuple(wanted[line] for line in sorted(wanted)) if any(wanted.values()) else (),
        absent=tuple(sorted({line for file in files for line in file.absent_lines})),
        create=any(file.create for file in files),
        reload=reloads[0] if reloads else None,
    )


def _attributes(target: Target, files: Sequence[File]) -> AttributesArtefact:
    within = 0o7777
    for one in files:
        within &= int(one.mode_within or "7777", 8)
    return AttributesArtefact(
        path=target.id,
        type=files[0].kind,
        owner=next((one.owner for one in files if one.owner is not None), None),
        group=next((one.group for one in files if one.group is not None), None),
        mode_within=None if within == 0o7777 else f"{within:04o}",
        reload=next((one.reload for one in files if one.reload is not None), None),
    )
