"""The profiles the kit is delivered with, and what lint finds in bad ones."""

from collections import Counter

import pytest

from kit.errors import InvalidDocuments, UsageError
from kit.model.device import DeviceClass
from kit.sites.hardware import (
    find_profile,
    lint_profiles,
    load_profiles,
    profile_folders,
    read_profiles,
)
from kit.sites.matching import Matcher

PROFILES = load_profiles()


def test_every_class_has_real_models():
    by_class = Counter(profile.device_class for profile in PROFILES.values())
    assert set(by_class) == set(DeviceClass)
    assert sum(by_class.values()) >= 60


def test_lint_finds_nothing_in_what_is_delivered():
    assert lint_profiles(read_profiles(profile_folders())) == ()


def test_a_fact_is_sourced_or_marked_unverified():
    for profile in PROFILES.values():
        assert profile.sources or not profile.verified, profile.id
        for support in profile.support:
            assert support.source or not support.verified, profile.id


# french-health-it.md, section 4: ids of libccid 1.5.2 and of usb.ids.
READER_IDS = (
    *("0F14:0011", "0F14:0037", "0F14:0038", "0F14:003B", "0F14:003D", "0F14:0012", "2947:0101"),
    *("356F:22FC", "356F:23FE", "08E6:3437", "08E6:3438", "08E6:3478", "08E6:34EC", "08E6:5503"),
    *("04E6:5116", "04E6:5814", "04E6:5810", "04E6:5811", "04E6:581C", "04E6:5724", "076B:3021"),
    *("076B:3031", "076B:5422", "076B:5427", "072F:B100", "072F:B000", "072F:223B", "046A:003E"),
    *("046A:00A1", "058F:9540", "1E0D:0033", "1050:0406", "1050:0407"),
)


@pytest.mark.parametrize("usb_id", READER_IDS)
def test_each_reader_of_the_reference_has_a_profile(usb_id):
    assert any(usb_id in profile.usb_ids for profile in PROFILES.values())


@pytest.mark.parametrize(
    ("designation", "reference", "expected"),
    [
        ("UC LENOVO THINKCENTRE M70Q G4 i5-13400T", "", "desktop/lenovo-thinkcentre-m70q-gen4"),
        ("ThinkCentre M70q", "", "desktop/lenovo-thinkcentre-m70q"),
        ("Apple iPad 10.2\u2033 9ème génération 64 Go", "", "tablet/apple-ipad-9"),
        ("Tablette 8 pouces durcie", "SM-X356BZKA", "tablet/samsung-galaxy-tab-active5-pro"),
        ("Switch 24 ports PoE", "jl677a", "switch/aruba-6100-24g-poe"),
        ("Galaxy\u00a0Tab\u00a0A9+\u00a05G", "", "tablet/samsung-galaxy-tab-a9-plus"),
        ("Galaxy Tab A9", "", "tablet/samsung-galaxy-tab-a9"),
        ("PARE-FEU FORTIGATE-60F", "FG-60F-BDL-950-36", "firewall/fortinet-fortigate-60f"),
        ("Lecteur de cartes CPS Omnikey 3121", "", "reader/hid-omnikey-3121"),
    ],
)
def test_matching_as_resellers_write(designation, reference, expected):
    found = Matcher(PROFILES.values()).match(designation, reference)
    assert found.profile is not None
    assert found.profile.id == expected


def test_an_unknown_model_gets_the_nearest():
    found = Matcher(PROFILES.values()).match("Lenovo ThinkCenter M90q Gen 4")
    assert found.profile is None
    assert found.nearest[0].maker == "Lenovo"


def test_a_reference_that_contradicts_the_designation_is_ambiguous():
    found = Matcher(PROFILES.values()).match("Samsung Galaxy Tab A9", "JL677A")
    assert found.profile is None
    assert len(found.profiles) == 2


def test_find_by_short_name_and_say_the_nearest():
    assert find_profile(PROFILES, "apple-ipad-9").id == "tablet/apple-ipad-9"
    with pytest.raises(UsageError) as caught:
        find_profile(PROFILES, "thinkcentre-m70q-gen-9")
    assert "lenovo-thinkcentre" in caught.value.remedy


PROFILE = """schema: 1
id: {id}
device_class: {kind}
platforms: [{platform}]
maker: M
model: X
match:
  names: [{name}]
  references: [{reference}]
  examples: [{example}]
verified: {verified}
"""


def profile(folder, **more):
    values = {
        "id": "desktop/m-x", "kind": "desktop", "platform": "linux", "name": "M X1",
        "reference": "ABC-1", "example": "M X1", "verified": "false", **more,
    }  # fmt: skip
    path = folder / f"{values['id']}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PROFILE.format(**values))


def test_lint_finds_overlaps_and_lost_examples(tmp_path):
    profile(tmp_path)
    profile(tmp_path, id="desktop/m-y", example="M X1 de luxe")
    profile(tmp_path, id="desktop/m-z", name="Z9", reference="Q-77", example="nothing like it")
    found = lint_profiles(read_profiles([tmp_path]))
    text = "\n".join(str(problem) for problem in found)
    assert text.count("also stands") == 2
    assert text.count("finds desktop/m-x, desktop/m-y") == 2
    assert "finds none" in text
    assert "m-z.yaml:10" in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "laptop/m-x"},
        {"verified": "true"},
        {"kind": "reader", "id": "reader/r"},
        {"platform": "beos"},
        {"name": ""},
    ],
)
def test_bad_profiles_are_refused_with_their_place(tmp_path, wrong):
    profile(tmp_path, **wrong)
    with pytest.raises(InvalidDocuments) as caught:
        read_profiles([tmp_path])
    assert caught.value.problems[0].position.line > 0


def test_the_workspace_may_replace_and_add_profiles(workspace):
    profile(workspace.profiles, id="desktop/own-model")
    profile(workspace.profiles, id="desktop/lenovo-thinkcentre-m70q", name="M70q")
    loaded = load_profiles(workspace)
    assert loaded["desktop/own-model"].maker == "M"
    assert loaded["desktop/lenovo-thinkcentre-m70q"].maker == "M"
    assert len(loaded) == len(PROFILES) + 1
