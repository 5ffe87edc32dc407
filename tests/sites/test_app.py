import json

import pytest

from kit.app.sites import add_site, show_site, summarise_sites, wanted_site
from kit.cli.running import run
from kit.errors import InvalidInput, UsageError
from tests.sites.test_finess_extracts import DOCUMENT


@pytest.fixture
def extract(tmp_path):
    document = json.loads(json.dumps(DOCUMENT))
    document["pmej"][1]["ege"][0]["categorieentiteGeographiqueExercice"] = "500"
    path = tmp_path / "finess.json"
    path.write_text(json.dumps(document))
    return path


def test_a_site_and_its_legal_entity_from_the_register(workspace, extract):
    done = add_site(workspace, wanted_site("10780195"), extract)
    assert done.files == (
        "inventories/_legal_entities/010000156.yaml",
        "inventories/nom-long/site.yaml",
    )
    site = show_site(workspace, "nom-long").site
    assert site.legal_entity is not None
    assert site.legal_entity.siren == "772201489"
    assert site.category == "500"
    with pytest.raises(UsageError, match="exists already"):
        add_site(workspace, wanted_site("010780195"), extract)


def test_what_the_register_does_not_hold_or_says_closed(workspace, extract):
    with pytest.raises(InvalidInput, match="does not hold"):
        add_site(workspace, wanted_site("970216057"), extract)
    with pytest.raises(InvalidInput, match="was closed"):
        add_site(workspace, wanted_site("010787190"), extract)


def test_a_hospital_is_not_taken_in(workspace, extract):
    text = extract.read_text().replace('"500"', '"355"')
    extract.write_text(text)
    with pytest.raises(InvalidInput, match="not an ESMS"):
        add_site(workspace, wanted_site("010780195"), extract)
    assert summarise_sites(workspace) == ()


def test_a_siret_in_the_social_sector_and_codes_of_their_own(workspace):
    first = add_site(workspace, wanted_site("77220148900022", name="Foyer du Nord"))
    second = add_site(workspace, wanted_site("0B0168811", name="Foyer du Nil", test=True))
    assert first.site.siret == "77220148900022"
    assert first.site.code == "foydn"
    assert second.site.code == "foydn2"


def test_one_number_is_one_site(workspace):
    add_site(workspace, wanted_site("0B0168811", name="Foyer du Nil", test=True))
    with pytest.raises(InvalidInput, match="“foyer-du-nil” already"):
        add_site(workspace, wanted_site("0B0168811", name="Le même", test=True))
    with pytest.raises(UsageError, match="exists already"):
        add_site(workspace, wanted_site("0B0168811", name="Foyer du Nil", test=True))


def test_a_broken_site_is_listed_as_broken(workspace, put):
    put("bad/site.yaml", "schema: 1\nid: bad\n")
    (summary,) = summarise_sites(workspace)
    assert summary.mistakes > 0


def test_the_commands(workspace, extract, capsys):
    def esms_kit(*arguments):
        return run(["--lang", "en", "-w", str(workspace.root), *map(str, arguments)])

    assert esms_kit("site", "add", "010780195", "--extract", extract) == 0
    assert esms_kit("site", "add", "010780196", "--name", "x") == 3
    assert "wrong key" in capsys.readouterr().err
    assert esms_kit("site", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["sites"][0]["id"] == "nom-long"
    assert esms_kit("site", "show", "nom-long") == 0
    assert esms_kit("site", "show", "nowhere") == 2
    assert esms_kit("hardware", "match", "ThinkPad E14 Gen 5") == 0
    assert esms_kit("hardware", "match", "nothing") == 1
    assert esms_kit("hardware", "show", "apple-ipad-9", "--json") == 0
    assert esms_kit("hardware", "lint") == 0
    assert esms_kit("hardware", "list", "--class", "toaster") == 2
