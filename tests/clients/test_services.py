"""The shared services of digital health that the posts of a site must reach."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from kit.app.opening import open_site
from kit.app.packs import workspace_packs
from kit.catalogue.clients import with_clients
from kit.catalogue.loading import shipped_catalogue
from kit.catalogue.services import known_services, service_rule, service_rule_id, with_services
from kit.desired.resolution import requests, resolve
from kit.desired.selection import baseline_of, selected_rules
from kit.documents_io.yaml import dump_yaml
from kit.errors import InvalidDocuments
from kit.i18n import language
from kit.model.client import ClientChoice
from kit.model.device import Device, DeviceClass, PostRole
from kit.model.platform import Platform
from kit.model.service_address import parse_service
from kit.model.shared_service import ServiceChoice, SharedService
from kit.model.site import Site
from kit.model.verdict import ReasonCode, Verdict
from kit.resources.file import File
from kit.resources.web_service import WebService
from kit.sites.workspace import load_workspace
from tests.cases import facts
from tests.tls_server import Authority

PSC = ServiceChoice(service=SharedService.PRO_SANTE_CONNECT)
MAIL = ServiceChoice(service=SharedService.MSSANTE, addresses=("imap://imap.operateur.example.fr",))


def device(role: PostRole = PostRole.OFFICE) -> Device:
    return Device(
        id="pc-1", device_class=DeviceClass.DESKTOP, platform=Platform.LINUX, post_role=role
    )


def resolved(*services: ServiceChoice, post: Device | None = None):
    site = Site(id="s", name="Site", siret="26750045200011", services=services)
    catalogue = with_services(shipped_catalogue(), services)
    baseline = baseline_of(catalogue, site)
    return resolve(catalogue, baseline, site, post or device(), facts({}))


def addresses(desired) -> set[str]:
    return {one.setting.url for one in desired.settings if isinstance(one.setting, WebService)}


def test_every_known_address_has_a_source_and_a_day():
    known = known_services()
    assert set(known) == set(SharedService)
    for entry in known.values():
        for address in entry.addresses:
            assert parse_service(address.url).web
            assert address.source
            assert date(2026, 1, 1) <= address.verified_on <= datetime.now(UTC).date()
    assert {one.url for one in known[SharedService.PRO_SANTE_CONNECT].addresses} == {
        "https://auth.esw.esante.gouv.fr",
        "https://wallet.esw.esante.gouv.fr",
    }


def test_a_service_nobody_named_is_asked_of_nobody():
    assert addresses(resolved()) == set()
    assert with_services(shipped_catalogue(), ()) is shipped_catalogue()


def test_each_service_becomes_one_rule_with_all_its_addresses():
    desired = resolved(PSC, MAIL)
    assert addresses(desired) == {
        "https://auth.esw.esante.gouv.fr",
        "https://wallet.esw.esante.gouv.fr",
        "imap://imap.operateur.example.fr",
    }
    rules = {one.rule.id for one in desired.settings if isinstance(one.setting, WebService)}
    assert rules == {"service_pro_sante_connect_reached", "service_mssante_reached"}
    catalogue = with_services(shipped_catalogue(), (PSC, MAIL))
    assert catalogue.digest != shipped_catalogue().digest
    title = catalogue.texts("service_pro_sante_connect_reached").title
    assert title["fr"].startswith("Pro Santé Connect : service joint")


def test_only_posts_of_the_roles_named_need_it():
    office = PSC.model_copy(update={"post_roles": (PostRole.OFFICE,)})
    catalogue = with_services(shipped_catalogue(), (office,))

    def asked(role: PostRole, choice: ServiceChoice) -> bool:
        site = Site(id="s", name="Site", siret="26750045200011", services=(choice,))
        found = selected_rules(catalogue, baseline_of(catalogue, site), site, device(role))
        return service_rule_id(choice.service) in {one.rule.id for one in found}

    assert asked(PostRole.OFFICE, office)
    assert not asked(PostRole.KIOSK, office)
    assert asked(PostRole.KIOSK, PSC)
    assert not asked(PostRole.SERVER, PSC)


def test_an_operator_s_service_without_an_address_is_not_checked_and_says_what_is_missing():
    bare = ServiceChoice(service=SharedService.MSSANTE)
    desired = resolved(bare)
    (mine,) = [one for one in desired.undecided if one.rule.id == "service_mssante_reached"]
    assert mine.verdict is Verdict.NOT_CHECKED
    assert mine.reason.code is ReasonCode.SITE_VALUE_MISSING
    assert mine.reason.subject == "services.mssante.addresses"
    site = Site(id="s", name="Site", siret="26750045200011", services=(bare,))
    catalogue = with_services(shipped_catalogue(), (bare,))
    asked = requests(catalogue, baseline_of(catalogue, site), site, device())
    assert "web_reach" not in {read.id for read in asked}


def test_an_authority_of_the_site_lies_on_the_post_and_alone_counts(tmp_path: Path):
    authority = Authority(tmp_path).text
    desired = resolved(MAIL.model_copy(update={"authority": authority}))
    (met,) = [one.setting for one in desired.settings if isinstance(one.setting, WebService)]
    assert met.authority == authority
    placed = [one.setting.path for one in desired.settings if isinstance(one.setting, File)]
    assert any(path.startswith("/usr/local/share/esms-kit/authorities/") for path in placed)


def write(folder: Path, *services: dict) -> None:
    site = folder / "inventories" / "tilleuls"
    site.mkdir(parents=True)
    (folder / "esms-kit.toml").write_text("schema = 1\n")
    text = dump_yaml(
        {"schema": 1, "id": "tilleuls", "name": "Tilleuls", "test": True,
         "finess_et": "0B0000016", "services": list(services)}
    )  # fmt: skip
    (site / "site.yaml").write_text(text)


def problems(folder: Path) -> list[str]:
    with language("en"), pytest.raises(InvalidDocuments) as caught:
        open_site(load_workspace(folder), "tilleuls")
    return [str(one) for one in caught.value.problems]


@pytest.mark.parametrize(
    ("services", "told"),
    [
        (({"service": "psc"},), "services.0.service"),
        (({"service": "dmp", "addresses": ["ftp://a.example.fr"]},), "is not an address"),
        (({"service": "dmp", "addresses": ["https://*.example.fr"]},), "one address is expected"),
        (({"service": "mssante", "addresses": ["imap://a b"]},), "imap://host"),
        (({"service": "dmp"}, {"service": "dmp"}), "the same service stands twice"),
        (({"service": "dmp", "authority": "x"},), "not a certificate"),
    ],
)
def test_a_wrong_choice_is_told_with_its_place(tmp_path: Path, services, told):
    write(tmp_path, *services)
    said = problems(tmp_path)
    assert any("inventories/tilleuls/site.yaml" in line and told in line for line in said), said


def test_the_nearer_choice_is_heard():
    group = ServiceChoice(
        service=SharedService.MSSANTE,
        addresses=("imaps://a.example.fr",),
        post_roles=(PostRole.OFFICE,),
    )
    own = ServiceChoice(service=SharedService.MSSANTE, addresses=("imaps://b.example.fr",))
    assert own.over(group) == group.model_copy(update={"addresses": ("imaps://b.example.fr",)})


def test_services_stand_beside_clients():
    packs = {"dui_web": workspace_packs(None)["dui_web"]}
    choice = ClientChoice(pack="dui_web", values={"address": "https://dui.example.fr"})
    site = Site(id="s", name="Site", siret="26750045200011", clients=(choice,), services=(PSC,))
    catalogue = with_clients(with_services(shipped_catalogue(), site.services), packs)
    desired = resolve(catalogue, baseline_of(catalogue, site), site, device(), facts({}))
    assert {"https://dui.example.fr", "https://wallet.esw.esante.gouv.fr"} <= addresses(desired)
    assert service_rule(PSC).id in catalogue.chosen_rules
