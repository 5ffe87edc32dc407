import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.errors import InvalidDocuments
from kit.sites.finess_extracts import find_establishment, read_establishments

HEAD = "finess;etalab;111;2026-05-12\n"
ROW = (
    'structureet;{number};010780054;CH;CENTRE ""HOSPITALIER"";;;900;RTE;DE PARIS;;;451;01;AIN;'
    "01440 VIRIAT;0474454647;0474454114;500;EHPAD;4401;Hébergement;26010004500012;8610Z;03;ARS;1;"
    "Public;1979-02-13;1979-02-13;2026-05-12;\n"
)
DOCUMENT = {
    "schemaVersion": "v1.0.0",
    "gcc": [{"pmej": [{"ege": []}]}],
    "pmej": [
        {"informationsGeneralesPMEJ": {"numFinessPm": "010000016"}, "ege": []},
        {
            "informationsGeneralesPMEJ": {
                "numFinessPm": "010000156",
                "siren": "772201489",
                "denominationPm": "CLINIQUE   ",
            },
            "ege": [
                {
                    "informationsGeneralesEGE": {
                        "numFinessEge": "010780195",
                        "nomEgeCourt": "COURT",
                        "nomEgeLong": "NOM LONG            ",
                        "siret": "77220148900022",
                    },
                    "categorieentiteGeographiqueExercice": "365",
                    "adresse": [
                        {"cogCommune": "01053", "codePostal": "01000", "ligneAcheminement": "BOURG"}
                    ],
                    "etatObjet": "A",
                },
                {
                    "informationsGeneralesEGE": {"numFinessEge": "010787190", "nomEgeCourt": "X"},
                    "etatObjet": "I",
                    "dateDerniereMaj": "1993-12-09 00:00:00",
                },
            ],
        },
    ],
}


def csv_text(*numbers):
    return HEAD + "".join(ROW.format(number=number) for number in numbers)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-8-sig"])
def test_csv(tmp_path, encoding):
    path = tmp_path / "etalab.csv"
    path.write_bytes(
        (csv_text("010000024") + "geolocalisation;010000024;1;2;3;4\n").encode(encoding)
    )
    (found,) = read_establishments(path)
    assert found.finess_et == "010000024"
    assert found.finess_ej == "010780054"
    assert found.category == "500"
    assert found.siret == "26010004500012"
    assert found.town == "01440 VIRIAT"


def test_json_packed_and_plain(tmp_path):
    text = json.dumps(DOCUMENT).encode()
    (tmp_path / "a.json").write_bytes(text)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(text))
    plain = list(read_establishments(tmp_path / "a.json"))
    assert plain == list(read_establishments(tmp_path / "a.json.gz"))
    first, closed = plain
    assert (first.name, first.legal_entity, first.siren) == ("NOM LONG", "CLINIQUE", "772201489")
    assert first.town == "01000 BOURG"
    assert first.closed == ""
    assert closed.closed == "1993-12-09"


def test_find_stops_at_the_first(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(DOCUMENT))
    assert find_establishment(path, "010780195").category == "365"
    assert find_establishment(path, "999999999") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"{",
        b'{"pmej": []}',
        b'{"pmej": [{"ege": [',
        b'{"other": 1}',
        b"\x1f\x8b\x08broken",
        gzip.compress(b"hello", mtime=0),
        gzip.compress(json.dumps(DOCUMENT).encode(), mtime=0)[:-30],
        HEAD.encode(),
        HEAD.encode() + b"structureet;1;2\n",
        HEAD.encode() + b"structureet;" + b"x" * 200_000,
    ],
)
def test_what_is_no_finess_file_is_refused(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InvalidDocuments) as caught:
        list(read_establishments(path))
    assert caught.value.remedy


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["pmej", "ege", "informationsGeneralesEGE", "numFinessEge", "adresse"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON | st.binary(max_size=60))
def test_no_input_gives_anything_but_an_explained_error(tmp_path, content):
    path = tmp_path / "any"
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(raw)
    problems = ("none",)
    try:
        assert all(found.finess_et for found in read_establishments(path))
    except InvalidDocuments as error:
        problems = error.problems
    assert problems
