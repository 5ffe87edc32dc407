import pytest

from kit.errors import InvalidDocuments, InvalidInput, UsageError
from kit.sites.adding import NewSite, check_open, compose_site, from_register, legal_entity_of
from kit.sites.finess_extracts import Establishment

FOUND = Establishment(
    finess_et="010780195",
    finess_ej="010000156",
    name="EHPAD LES TILLEULS",
    siret="77220148900022",
    category="500",
    legal_entity="ASSOCIATION DES TILLEULS",
    siren="772201489",
)


def test_from_the_register():
    site = compose_site(from_register(NewSite(region="ara"), FOUND))
    assert site.id == "ehpad-les-tilleuls"
    assert site.finess_ej == "010000156"
    assert site.category == "500"
    entity = legal_entity_of(FOUND)
    assert entity is not None
    assert entity.siren == "772201489"


def test_by_hand_in_the_social_sector():
    site = compose_site(NewSite(siret="772 201 489 00022", name="Foyer « L'Étape »"))
    assert site.id == "foyer-l-etape"
    assert site.finess_et is None


def test_everything_wrong_at_once():
    with pytest.raises(InvalidDocuments) as caught:
        compose_site(
            NewSite(finess_et="010780196", siret="1", category="355", finess_ej="x", name="Y")
        )
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize("wanted", [NewSite(name="x"), NewSite(finess_et="010780195")])
def test_what_is_missing_is_said(wanted):
    with pytest.raises(UsageError):
        compose_site(wanted)


def test_a_closed_establishment_is_refused():
    closed = Establishment(finess_et="1", finess_ej="", name="n", closed="1993-01-01")
    with pytest.raises(InvalidInput, match="1993-01-01"):
        check_open(closed)
