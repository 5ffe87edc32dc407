import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import UsageError
from kit.model.device import DeviceClass
from kit.model.identifiers import check_device_id
from kit.model.site import Site
from kit.sites.adding import slug_of
from kit.sites.names import allocate_asset_ids, allocate_names, default_code, pattern_fault


def site(**more):
    return Site(**{"id": "ehpad-les-tilleuls", "name": "x", "finess_et": "0B0168811", **more})


def test_numbers_go_on_after_the_highest_ever_given():
    names = allocate_names(
        site(code="til"),
        ["til-pc-009", "til-pc-003", "til-tab-001", "til-pc-x", "other-pc-050"],
        [DeviceClass.DESKTOP, DeviceClass.DESKTOP, DeviceClass.TABLET, DeviceClass.READER],
    )
    assert names == ("til-pc-010", "til-pc-011", "til-tab-002", "til-lec-001")


def test_a_pattern_without_class_numbers_all_classes_together():
    chosen = site(name_pattern="{site}{number}", code="a1")
    assert allocate_names(chosen, ["a1004"], [DeviceClass.DESKTOP, DeviceClass.TABLET]) == (
        "a1005",
        "a1006",
    )


@pytest.mark.parametrize(
    "pattern",
    ["{number}", "pc", "{number}{number}", "{owner}-{number}", "{site.name}{number}", "é{number}",
     "{number", "a b{number}", "PC{number}", "{site}-{class}-longer-{number}", "{0}{number}",
     "-{number}", "$(x){number}"],
)  # fmt: skip
def test_bad_patterns(pattern):
    chosen = site(name_pattern=pattern)
    assert pattern_fault(chosen) is not None
    with pytest.raises(UsageError):
        allocate_names(chosen, [], [DeviceClass.DESKTOP])


@given(
    st.lists(st.sampled_from(list(DeviceClass)), max_size=30),
    st.sets(st.from_regex(r"til-(pc|tab|sw)-[0-9]{3}", fullmatch=True), max_size=10),
    st.sampled_from(["{site}-{class}-{number}", "{number}-{site}", "{department}{class}{number}"]),
)
def test_names_are_new_unique_and_fit(classes, taken, pattern):
    names = allocate_names(site(code="til", name_pattern=pattern), taken, classes)
    assert len(set(names) | taken) == len(names) + len(taken)
    for name in names:
        check_device_id(name)


def test_running_out_of_characters_is_said():
    with pytest.raises(UsageError, match="15"):
        allocate_names(site(code="abcdef"), ["abcdef-srv-9999"], [DeviceClass.SERVER])


def test_asset_ids():
    assert allocate_asset_ids(site(), ["0B0168811-0007", "0B0168812-0100"], 2) == (
        "0B0168811-0008",
        "0B0168811-0009",
    )


@given(st.text(max_size=60))
def test_slugs_are_slugs(text):
    slug = slug_of(text)
    assert len(slug) <= 40
    assert slug == "" or (slug.strip("-") == slug and slug.replace("-", "").isalnum())
    assert len(default_code(slug)) <= 6
