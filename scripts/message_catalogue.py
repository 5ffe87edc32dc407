"""The French message catalogue: extract, merge, compile, check. See ``scripts/messages``."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "kit" / "i18n" / "locales" / "fr" / "LC_MESSAGES"
PO: Final = FOLDER / "esms-kit.po"
MO: Final = FOLDER / "esms-kit.mo"
KEYWORDS: Final = {"_": None, "N_": None, "ngettext": (1, 2)}
HEADER: Final = "# French messages of esms-kit. Written by scripts/messages; translate msgstr lines.\n"
PLACEHOLDER: Final = re.compile(r"\{(\w*)[^}]*\}")


def extracted() -> Catalog:
    """Every message of the code and the templates."""
    catalogue = Catalog(charset="utf-8")
    for folder, method in (("kit", [("**.py", "python")]), ("templates", [("**.j2", "jinja2")])):
        if not (ROOT / folder).is_dir():
            continue
        found = extract_from_dir(str(ROOT / folder), method_map=method, keywords=KEYWORDS)
        for file, _line, message, _comments, _context in sorted(found, key=lambda f: str(f[:3])):
            catalogue.add(message, locations=[(f"{folder}/{file}", 0)])
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
    head = (
        HEADER + 'msgid ""\nmsgstr ""\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Language: fr\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'
    )
    write_mo(binary, catalogue)
    return head.encode() + text.getvalue(), binary.getvalue()


def _strings(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return tuple(ids), tuple(text or "" for text in texts)


def faults(catalogue: Catalog) -> list[str]:
    """Messages without French, or whose French has other placeholders."""
    found = []
    for message in catalogue:
        if not message.id:
            continue
        ids, texts = _strings(message)
        if not all(texts):
            found.append(f"not translated: {ids[0]!r}")
            continue
        wanted = set(PLACEHOLDER.findall(ids[-1]))
        found += [
            f"placeholders differ: {ids[0]!r}"
            for text in texts
            if set(PLACEHOLDER.findall(text)) - wanted or wanted - set(PLACEHOLDER.findall(text))
        ]
    return found


def main(arguments: list[str]) -> int:
    """``--check`` or update; the number of faults decides the exit code."""
    catalogue = merged()
    text, binary = written(catalogue)
    wrong = faults(catalogue)
    if "--check" in arguments:
        if not PO.exists() or PO.read_bytes() != text:
            wrong.append("the .po is out of date: run scripts/messages")
        if not MO.exists() or MO.read_bytes() != binary:
            wrong.append("the .mo is out of date: run scripts/messages")
    else:
        FOLDER.mkdir(parents=True, exist_ok=True)
        PO.write_bytes(text)
        MO.write_bytes(binary)
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    sys.stdout.write(f"{len(catalogue)} messages, {len(wrong)} faults\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
