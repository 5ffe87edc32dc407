"""The desired state of one target, as data. Engines implement these kinds, not resource types."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from kit.i18n import _
from kit.model.record import Record
from kit.model.secret import SecretReference

Mode = Annotated[str, Field(pattern=r"^[0-7]{4}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
AbsolutePath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9_./@+-]*$", max_length=400)]
# An absolute path whose last parts may hold * and ?: no other shell character, so that the same
# text is safe in every shell.
PathPattern = Annotated[str, Field(pattern=r"^/[A-Za-z0-9_./@+*?-]*$", max_length=400)]
PackageName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]{1,99}$")]
PackageVersion = Annotated[str, Field(pattern=r"^[0-9][A-Za-z0-9.+~:-]{0,79}$")]
PackageFile = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+~-]{0,120}\.deb$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# One word of a command that no shell ever sees; one line.
LaunchWord = Annotated[str, Field(pattern=r"^[A-Za-z0-9._/:=+@,-]{1,200}$")]
UnitName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@:-]{1,100}\.(service|socket|timer|mount)$")]
# Never two separators in a row: swapped for the path below /proc/sys they would make "..". A "*"
# stands for every interface there is, besides "all" and "default", and for nothing else.
SysctlName = Annotated[
    str,
    Field(
        pattern=(
            r"^(net\.ipv[46]\.conf\.\*\.[a-z0-9_]+"
            r"|[a-z0-9_]+(\.[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*)+)$"
        ),
        max_length=120,
    ),
]
SysctlText = Annotated[str, Field(pattern=r"^[A-Za-z0-9 :_.,/-]{1,200}$")]

AccountName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]
Expiry = Annotated[
    str, Field(pattern=r"^(never|[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))$")
]

# Options without a blank outside quotation marks, the type, the key, one word of comment.
KeyLine = Annotated[
    str,
    Field(
        pattern=(
            r"^(?:[a-z-]+(?:=\"[A-Za-z0-9.:/,*?!_-]*\")?"
            r"(?:,[a-z-]+(?:=\"[A-Za-z0-9.:/,*?!_-]*\")?)* )?"
            r"(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(?: [A-Za-z0-9@._-]+)?$"
        ),
        max_length=2000,
    ),
]

Validator = Literal["sshd", "nft", "sudoers"]
"""Checks a new file before it replaces the old: ``sshd -t -f``, ``nft -c -f``, ``visudo -c -f``."""

ReloadAction = Literal["ssh", "firewall", "sysctl", "systemd", "journald"]
"""What makes a daemon take its files in. Each engine carries the same closed list."""

HeldWord = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./@+*?:-]{1,400}$")]
"""A path, a pattern or a name: no blank and no sign of a shell but ``*`` and ``?``."""


class FileArtefact(Record):
    """A file the kit owns whole. ``state: absent`` removes it."""

    kind: Literal["file"] = "file"
    path: AbsolutePath
    content: str = ""
    owner: Name = "root"
    group: Name = "root"
    mode: Mode = "0644"
    state: Literal["present", "absent"] = "present"
    validator: Validator | None = None
    reload: ReloadAction | None = None


class AttributesArtefact(Record):
    """Owner, group and widest mode of existing files; permission bits are removed, never added.

    ``path`` may hold wildcards; ``type`` is what they may match. ``reload``: a daemon counts as
    not having taken in a file that is dated later, and a change of rights dates it anew.
    """

    kind: Literal["attributes"] = "attributes"
    path: PathPattern
    type: Literal["file", "directory"] = "file"
    owner: Name | None = None
    group: Name | None = None
    mode_within: Mode | None = None
    reload: ReloadAction | None = None

    @model_validator(mode="after")
    def _something(self) -> AttributesArtefact:
        if self.owner is None and self.group is None and self.mode_within is None:
            raise ValueError(_("an owner, a group or a mode is needed."))
        return self


class LinesArtefact(Record):
    """Lines that must stand in a file of somebody else; everything else in it is kept.

    ``replaces``: per line of ``present``, the leading words whose other lines it takes the place
    of (``""`` = the line is only added); empty when no line replaces any.
    """

    kind: Literal["lines"] = "lines"
    path: AbsolutePath
    present: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    create: bool = False
    reload: ReloadAction | None = None

    @model_validator(mode="after")
    def _coherent(self) -> LinesArtefact:
        if self.replaces and len(self.replaces) != len(self.present):
            raise ValueError(_("“replaces” goes line by line with “present”."))
        if set(self.present) & set(self.absent):
            raise ValueError(_("the same line is to be there and not to be there."))
        return self


class PackageArtefact(Record):
    """A Debian package installed, or not.

    ``purged`` is as if it had never been there: its configuration files go too, unless somebody has
    edited one of them.
    """

    kind: Literal["package"] = "package"
    name: PackageName
    state: Literal["present", "absent", "purged"]


class PinnedPackageArtefact(Record):
    """One Debian package from one file, known by its hash, and proof that its program starts.

    ``file`` is its name among the packages the controller brings along. ``launch``: a program and
    its arguments, run once as nobody after the installation; it must end with 0.
    """

    kind: Literal["pinned_package"] = "pinned_package"
    name: PackageName
    version: PackageVersion
    sha256: Sha256
    file: PackageFile
    launch: tuple[LaunchWord, ...] = ()

    @model_validator(mode="after")
    def _program_first(self) -> PinnedPackageArtefact:
        if self.launch and not self.launch[0].startswith("/"):
            raise ValueError(_("the first word is the absolute path of a program."))
        return self


class UnitArtefact(Record):
    """A systemd unit. ``masked`` units are also stopped."""

    kind: Literal["unit"] = "unit"
    name: UnitName
    enabled: Literal["enabled", "disabled", "masked"]
    active: bool


class SysctlArtefact(Record):
    """One value of the running kernel; with ``*`` as interface, of each interface there is."""

    kind: Literal["sysctl"] = "sysctl"
    name: SysctlName
    value: SysctlText


class AccountArtefact(Record):
    """A local account. What is unset is left as it is.

    ``system`` and ``home`` count when it is made; a home is made with it unless it is ``system``.
    ``password`` is set unless the account has it already; with ``hashed`` the secret is what
    /etc/shadow is to hold. ``locked``: no password lets anybody in (keys may). ``expires``: a day
    (from then on nobody gets in, keys included) or ``never``. Without ``make`` one that is not
    there is left so.
    """

    kind: Literal["account"] = "account"
    name: AccountName
    state: Literal["present", "absent"] = "present"
    make: bool = True
    system: bool = False
    home: AbsolutePath | None = None
    shell: AbsolutePath | None = None
    locked: bool | None = None
    expires: Expiry | None = None
    password: SecretReference | None = None
    hashed: bool = False

    @model_validator(mode="after")
    def _coherent(self) -> AccountArtefact:
        if self.password is not None and self.locked:
            raise ValueError(_("a locked account takes no password."))
        set_too = {self.home, self.shell, self.locked, self.expires, self.password} - {None}
        if self.state == "absent" and set_too:
            raise ValueError(_("an account that is not to be has nothing else to set."))
        return self


class MembershipArtefact(Record):
    """Who is in a local group besides those whose own group it is.

    ``exactly``: nobody but ``present``. ``create``: a missing group is made.
    """

    kind: Literal["membership"] = "membership"
    group: AccountName
    present: tuple[AccountName, ...] = ()
    absent: tuple[AccountName, ...] = ()
    exactly: bool = False
    create: bool = False

    @model_validator(mode="after")
    def _coherent(self) -> MembershipArtefact:
        if set(self.present) & set(self.absent):
            raise ValueError(_("the same account is to be in the group and not to be in it."))
        return self


class AuthorizedKeysArtefact(Record):
    """SSH keys that open an account, in its own ~/.ssh/authorized_keys.

    A line takes the place of every line of the same key. ``exclusive``: no other key stays.
    """

    kind: Literal["authorized_keys"] = "authorized_keys"
    account: AccountName
    keys: tuple[KeyLine, ...] = ()
    exclusive: bool = False


class OathUserArtefact(Record):
    """One account's second factor for pam_oath; ``seed`` goes with ``present``, in hexadecimal."""

    kind: Literal["oath_user"] = "oath_user"
    name: AccountName
    state: Literal["present", "absent"] = "present"
    seed: SecretReference | None = None

    @model_validator(mode="after")
    def _coherent(self) -> OathUserArtefact:
        if (self.state == "present") != (self.seed is not None):
            raise ValueError(_("a seed goes with “present”, and only with it."))
        return self


class ReloadArtefact(Record):
    """A daemon that must take its files in again although none of them is written."""

    kind: Literal["reload"] = "reload"
    action: ReloadAction


class PamProfile(Record):
    """One file of ``/usr/share/pam-configs``, as pam-auth-update(8) reads it."""

    name: Annotated[str, Field(pattern=r"^esms-kit-[a-z-]{1,40}$")]
    content: Annotated[str, Field(min_length=1, max_length=4000)]


class PamArtefact(Record):
    """The kit's profiles of pam-auth-update, all of them, in use; others are left as they are."""

    kind: Literal["pam"] = "pam"
    name: Literal["esms-kit"] = "esms-kit"
    profiles: tuple[PamProfile, ...]


class HeldArtefact(Record):
    """A target put back as the device itself held it before a run touched it.

    ``of``, ``first`` and ``second`` are the words the device's journal knows the target by, ``id``
    its name there. ``expected`` is how it must stand now, in the same words, or nothing is done;
    empty: however it stands.
    """

    kind: Literal["held"] = "held"
    run: Annotated[str, Field(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}$")]
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    of: Literal[
        "file", "lines", "attributes", "unit", "sysctl", "every",
        "account", "membership", "authorized_keys", "pam", "oath_user",
    ]  # fmt: skip
    first: HeldWord
    second: HeldWord | Literal[""] = ""
    expected: Annotated[str, Field(max_length=100_000)] = ""
    validator: Validator | None = None
    reload: ReloadAction | None = None


Artefact = Annotated[
    FileArtefact
    | AttributesArtefact
    | LinesArtefact
    | PackageArtefact
    | PinnedPackageArtefact
    | UnitArtefact
    | SysctlArtefact
    | AccountArtefact
    | MembershipArtefact
    | AuthorizedKeysArtefact
    | PamArtefact
    | OathUserArtefact
    | ReloadArtefact
    | HeldArtefact,
    Field(discriminator="kind"),
]
