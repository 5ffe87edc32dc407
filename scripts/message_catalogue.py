"""The French message catalogue: extract, merge, compile, check. See ``scripts/messages``."""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "kit" / "i18n" / "locales" / "fr" / "LC_MESSAGES"
PO: Final = FOLDER / "esms-kit.po"
MO: Final = FOLDER / "esms-kit.mo"
TAKEN: Final = {"_": 1, "N_": 1, "ngettext": 2}
"""How many of its first arguments are texts."""
HEADER: Final = (
    "# French messages of esms-kit. Written by scripts/messages; translate msgstr lines.\n"
)
FIELDS: Final = (
    "Content-Type: text/plain; charset=utf-8\n"
    "Language: fr\n"
    "Plural-Forms: nplurals=2; plural=(n > 1);\n"
)
"""The whole header: no dates, so that the same messages give the same bytes."""
TYPOGRAPHY: Final[dict[str, re.Pattern[str]]] = {
    "straight apostrophe": re.compile(r"(?<=\w)'(?=\w)"),
    "English quotation marks": re.compile("[“”]"),
    "ordinary space before : ; ? ! % or »": re.compile(r" [:;?!%»]"),
    "no space before ; ? or !": re.compile(r"\w[;?!](?=\s|$)"),
    "no no-break space inside « »": re.compile("«(?!\u00a0|\u202f)|(?<![\u00a0\u202f])»"),
}
"""What a French text must not hold, and how it is found."""
COLON: Final = re.compile(r"[\w)}\]»]:(?=\s|$)")
QUOTED: Final = re.compile("«[^»]*»")


class UnreadableMessage(Exception):
    """A text to translate that is put together when the program runs."""


def python_messages(source: str, file: str) -> Iterator[str | tuple[str, str]]:
    """The texts of a module; found in its syntax tree, so those inside f-strings too."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        taken = node.args[: TAKEN.get(node.func.id, 0)]
        texts = [one.value for one in taken if isinstance(one, ast.Constant)]
        if any(isinstance(one, ast.JoinedStr | ast.BinOp) for one in taken):
            raise UnreadableMessage(f"{file}:{node.lineno}")
        if len(texts) == 1:
            yield str(texts[0])
        elif texts:
            yield str(texts[0]), str(texts[1])


def extracted() -> Catalog:
    """Every message of the code and the templates."""
    found: list[tuple[str, str | tuple[str, ...]]] = []
    for path in (ROOT / "kit").rglob("*.py"):
        file = path.relative_to(ROOT).as_posix()
        found += [(file, one) for one in python_messages(path.read_text("utf-8"), file)]
    keywords = {"_": None, "N_": None, "ngettext": (1, 2)}
    templates = extract_from_dir(
        str(ROOT / "templates"), method_map=[("**.j2", "jinja2")], keywords=keywords
    )
    found += [(f"templates/{file}", message) for file, _line, message, *_rest in templates]
    catalogue = Catalog(charset="utf-8")
    for file, message in sorted(found, key=str):
        catalogue.add(message, locations=[(file, 0)])
    return catalogue


def merged() -> Catalog:
    """The French catalogue with exactly the messages there are now; no guessed translations."""
    template = extracted()
    known = read_po(PO.open("rb"), locale="fr") if PO.exists() else Catalog(locale="fr")
    result = Catalog(locale="fr", charset="utf-8", fuzzy=False)
    for message in sorted((one for one in template if one.id), key=lambda one: str(one.id)):
        before = known.get(message.id)
        files = sorted({file for file, _line in message.locations})
        result.add(
            message.id,
            before.string if before is not None else None,
            locations=[(file, None) for file in files],
        )
    return result


def written(catalogue: Catalog) -> tuple[bytes, bytes]:
    """The bytes of the .po and the .mo."""
    text, binary = io.BytesIO(), io.BytesIO()
    write_po(text, catalogue, width=100, omit_header=True, include_lineno=False)
    fields = "".join(f'"{line}\\n"\n' for line in FIELDS.splitlines())
    write_mo(binary, _Dateless(catalogue))
    return (HEADER + f'msgid ""\nmsgstr ""\n{fields}\n').encode() + text.getvalue(), (
        binary.getvalue()
    )


class _Dateless(list[Message]):
    """The translated messages under our own header, as ``write_mo`` takes them."""

    charset = "utf-8"

    def __init__(self, catalogue: Catalog) -> None:
        super().__init__([Message("", FIELDS), *(one for one in catalogue if one.id)])
        self.num_plurals = catalogue.num_plurals


def _strings(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return tuple(ids), tuple(text or "" for text in texts)


def placeholders(text: str) -> set[tuple[str, str, str]]:
    """What ``format`` fills in: name, format, conversion. Raises ``ValueError`` if it cannot."""
    return {
        (name, form or "", conversion or "")
        for _literal, name, form, conversion in Formatter().parse(text)
        if name is not None
    }


def misprints(text: str) -> list[str]:
    """What is wrong with the typography of a French text."""
    found = [name for name, pattern in TYPOGRAPHY.items() if pattern.search(text)]
    if COLON.search(QUOTED.sub("", text)):  # what stands in guillemets may be a line to type
        found.append("no space before :")
    return found


def faults(catalogue: Catalog) -> list[str]:
    """Messages without French, with other placeholders, or with faulty typography."""
    found = []
    for message in catalogue:
        if not message.id:
            continue
        ids, texts = _strings(message)
        if not all(texts):
            found.append(f"not translated: {ids[0]!r}")
            continue
        for text in texts:
            try:
                same = placeholders(text) == placeholders(ids[-1])
            except ValueError:
                same = text.count("{") == text.count("}") == 0 == ids[-1].count("{")
            if not same:
                found.append(f"placeholders differ: {ids[0]!r}")
            found += [f"{fault}: {text!r}" for fault in misprints(text)]
    return found


def problems(catalogue: Catalog, po: bytes | None, mo: bytes | None) -> list[str]:
    """``faults``, and whether the two files are those of the messages there are now."""
    text, binary = written(catalogue)
    wrong = faults(catalogue)
    if po != text:
        wrong.append("the .po is out of date: run scripts/messages")
    if mo != binary:
        wrong.append("the .mo is out of date: run scripts/messages")
    return wrong


def main(arguments: list[str]) -> int:
    """``--check`` or update; the number of faults decides the exit code."""
    catalogue = merged()
    if "--check" not in arguments:
        text, binary = written(catalogue)
        FOLDER.mkdir(parents=True, exist_ok=True)
        PO.write_bytes(text)
        MO.write_bytes(binary)
    wrong = problems(
        catalogue,
        PO.read_bytes() if PO.exists() else None,
        MO.read_bytes() if MO.exists() else None,
    )
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    sys.stdout.write(f"{len(catalogue)} messages, {len(wrong)} faults\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
