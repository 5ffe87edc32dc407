"""Whatever a note holds: devices that can be saved, or reasons; never anything else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.documents_io.validation import validate
from kit.documents_io.yaml import parse_yaml
from kit.errors import InvalidDocuments, UsageError
from kit.sites.documents import DevicesFile
from kit.sites.saving import delivery_document, devices_document
from tests.intake.test_notes import again, take

HEADINGS = ["Modèle", "Désignation", "Qté", "Qté commandée", "N° de série", "MAC", "IMEI", "Lot",
            "OS", "Usage", "Zone", "Réf. constructeur", "Utilisateur", "Prix", "???"]  # fmt: skip
CELLS = st.sampled_from(
    ["ThinkCentre M70q", "Galaxy Tab A9+", "iPad 9e gén.", "JL677A", "12", "3 u", "0", "PF4A0001",
     "PF4A0002, PF4A0003", "490154203237518", "00:1a:2b:3c:4d:5e", "Total", "Sous-total", "Lot 2",
     "Écran 24", "W11P", "soins", "=1+1", "@x", "-", "", "", "\u00a0", "2 55 08 14 168 025 38"]
) | st.text(max_size=12)  # fmt: skip
TABLES = st.tuples(
    st.lists(st.sampled_from(HEADINGS), min_size=1, max_size=6),
    st.lists(st.lists(CELLS, max_size=6), max_size=8),
    st.sampled_from([";", ",", "\t"]),
)


# Rows that mostly make sense, so that what follows the reading is tried as well.
ARTICLES = st.tuples(
    st.sampled_from(["ThinkCentre M70q", "Galaxy Tab A9+", "iPad 9e gén.", "Omnikey 3121", ""]),
    st.sampled_from(["1", "2", "3 u", "", "12"]),
    st.sampled_from(["", "", "N/A"])
    | st.from_regex(r"[A-Z]{2}[0-9]{4}(, [A-Z]{2}[0-9]{4})?", fullmatch=True),
    st.sampled_from(["", "soins", "Poste de soins"]),
)
LIKELY = st.tuples(
    st.just(["Modèle", "Qté", "N° de série", "Remarque"]),
    st.lists(ARTICLES.map(list) | st.just(["Total", "", "", ""]), min_size=1, max_size=6),
    st.just(";"),
)


def written(table):
    headings, rows, delimiter = table

    def quoted(cell):
        return '"' + cell.replace('"', '""') + '"'

    return "\n".join(delimiter.join(map(quoted, row)) for row in [headings, *rows]).encode(
        errors="replace"
    )


@settings(max_examples=500, deadline=None)
@given(TABLES | LIKELY, st.booleans())
def test_any_table_gives_devices_or_reasons(table, partial):
    content = written(table)
    try:
        taking = take(content, partial=partial)
    except (InvalidDocuments, UsageError) as error:
        assert error.remedy  # noqa: PT017 - a taking is as good
        return
    text = devices_document(taking.devices)
    saved = validate(DevicesFile, parse_yaml(text, "devices.yaml"))
    assert set(saved.devices) == set(taking.devices)
    assert "255081416802538" not in text + delivery_document(taking.delivery)
    assert len({device.id for device in taking.devices}) == len(taking.devices)
    if not partial:
        repeated = again(taking, content)
        assert repeated.devices == taking.devices
        assert not repeated.changed


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="replace"))
)
def test_any_bytes_give_reasons(content):
    try:
        take(content, name="\u202e../../x.csv")
    except (InvalidDocuments, UsageError) as error:
        assert error.remedy  # noqa: PT017 - a taking is as good
