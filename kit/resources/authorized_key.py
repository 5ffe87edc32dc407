"""The SSH keys that open an account, and from where they do."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, Field

from kit.i18n import _
from kit.model.artefact import AccountName, Artefact, AuthorizedKeysArtefact
from kit.model.facts import Facts
from kit.model.identifiers import Cidr
from kit.model.known_host import fingerprint
from kit.model.meta import Meta, Path, Phase
from kit.model.observation import Instances, Observation, Observations, Observed
from kit.model.operators import Operator
from kit.model.platform import Platform
from kit.model.setting import Conflict, Expectation, ReadClass, Setting
from kit.model.target import ArtefactKind, Target
from kit.reads.authorized_keys import ANYWHERE, AuthorizedKeys

MARK: Final = "esms-kit"
"""The comment of every line the kit writes."""


def _checked_key(text: str) -> str:
    """``TYPE BASE64`` of one public key; raises ``ValueError``."""
    try:
        algorithm, blob = text.split(" ")
        raw = base64.b64decode(blob, validate=True)
    except (ValueError, binascii.Error):
        algorithm, raw = "", b""
    # The key says its own type once more: a private key, or half of one, does not.
    size = int.from_bytes(raw[:4], "big")
    if len(raw) < 32 or raw[4 : 4 + size] != algorithm.encode():
        raise ValueError(_("not a public SSH key, as “ssh-ed25519 AAAA…”, without a comment."))
    return text


PublicKey = Annotated[
    str,
    Field(pattern=r"^(?:ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}$", max_length=1500),
    AfterValidator(_checked_key),
]


class AuthorizedKey(Setting):
    """Public keys in the account's own ~/.ssh/authorized_keys.

    .. code-block:: yaml

        type: authorized_key
        account: esms
        keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"]
        sources: [10.20.30.0/24]     # from= on each line; empty: from anywhere
        exclusive: true              # no other key opens the account, in whatever file

    Judged in every file sshd looks at for this account: a second line that lets the same key in
    from anywhere else is found. Certificates are not looked at.
    """

    reads: ClassVar[Mapping[Platform, tuple[ReadClass, ...]]] = {Platform.LINUX: (AuthorizedKeys,)}
    type: Literal["authorized_key"]
    account: AccountName
    keys_: Annotated[tuple[PublicKey, ...], Field(min_length=1, max_length=50, alias="keys")]
    sources: tuple[Cidr, ...] = ()
    exclusive: bool = False

    def slot(self) -> str:
        """``authorized_key:ACCOUNT``."""
        return f"{self.type}:{self.account}"

    def fingerprints(self) -> tuple[str, ...]:
        """Of the keys, sorted."""
        return tuple(sorted({_fingerprint(key) for key in self.keys_}))

    def keys(self, read: ReadClass) -> frozenset[str]:
        """Each key, and where it is exclusive all there are."""
        del read
        found = {f"key {self.account} {one}" for one in self.fingerprints()}
        return frozenset(found | ({f"keys {self.account}"} if self.exclusive else set()))

    def expectation(self, read: str, key: str) -> Expectation:
        """From just these places; no other key."""
        del read
        if key.startswith("keys "):
            return Expectation(Operator.EXACTLY, self.fingerprints())
        return Expectation(Operator.EXACTLY, self._sources())

    def _sources(self) -> tuple[str, ...]:
        return tuple(sorted(self.sources)) or (ANYWHERE,)

    def enforced(self) -> Mapping[str, Observations]:
        """Each key on one line."""
        place = f"~{self.account}/.ssh/authorized_keys"
        shown: dict[str, Observation] = {}
        for key in self.keys(AuthorizedKeys):
            value = Observed(self.expectation(AuthorizedKeys.id, key).value)
            one = Instances(complete=True, items={place: value})
            shown[key] = value if key.startswith("keys ") else one
        return {AuthorizedKeys.id: shown}

    def among(self, settings: Sequence[Setting]) -> Self:
        """Keys that another rule asks for are not too many for this one."""
        if not self.exclusive:
            return self
        return self.model_copy(update={"keys_": _together(settings)})

    @classmethod
    def combined(cls, settings: Sequence[Self]) -> Mapping[str, Observations]:
        """All keys; one key with two sets of places is an error."""
        places: dict[str, tuple[str, ...]] = {}
        for one in settings:
            for key in one.keys_:
                if places.setdefault(key, one._sources()) != one._sources():
                    raise Conflict(one.slot())
        shown: dict[str, Observation] = {}
        for one in settings:
            shown |= one.among(settings).enforced()[AuthorizedKeys.id]
        return {AuthorizedKeys.id: shown}

    def targets(self, facts: Facts) -> tuple[Target, ...]:
        """The account's own file."""
        del facts
        return (Target(ArtefactKind.AUTHORIZED_KEYS, self.account, AuthorizedKeys.id),)

    def meta(self, facts: Facts) -> Meta:
        """A place too few, or a key taken away, shuts somebody out."""
        del facts
        requires = (f"account:{self.account}",)
        return Meta(phase=Phase.ACCOUNTS, may_cut=frozenset({Path.SSH}), requires=requires)

    def values_shown(self) -> str:
        """The account, the fingerprints and the places."""
        alone = " (exclusive)" if self.exclusive else ""
        keys, places = ", ".join(self.fingerprints()), ", ".join(self._sources())
        return f"{self.slot()} {keys} from {places}{alone}"

    @staticmethod
    def render(target: Target, settings: Sequence[Setting]) -> Artefact:
        """One line a key."""
        given = [one for one in settings if isinstance(one, AuthorizedKey)]
        places = {key: one.sources for one in given for key in one.keys_}
        return AuthorizedKeysArtefact(
            account=target.id,
            keys=tuple(_line(key, places[key]) for key in sorted(places)),
            exclusive=any(one.exclusive for one in given),
        )


def _together(settings: Sequence[Setting]) -> tuple[str, ...]:
    given = (one for one in settings if isinstance(one, AuthorizedKey))
    return tuple(sorted({key for one in given for key in one.keys_}))


def _line(key: str, sources: Sequence[str]) -> str:
    start = f'from="{",".join(sorted(sources))}" ' if sources else ""
    return f"{start}{key} {MARK}"


def _fingerprint(key: str) -> str:
    return fingerprint(base64.b64decode(key.split(" ")[1]))
