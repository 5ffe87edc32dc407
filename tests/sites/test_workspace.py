import os

import pytest

from kit.errors import InvalidDocuments, WorkspaceError
from kit.sites.workspace import find_root, load_workspace, open_workspace


def test_nearest_parent_is_the_workspace(tmp_path):
    (tmp_path / "esms-kit.toml").write_text("schema = 1\n")
    inner = tmp_path / "inventories" / "a" / "b"
    inner.mkdir(parents=True)
    assert find_root(inner) == tmp_path
    (inner.parent / "esms-kit.toml").write_text("schema = 1\n")
    assert find_root(inner) == inner.parent


def test_no_workspace_says_what_to_do(tmp_path):
    with pytest.raises(WorkspaceError) as caught:
        open_workspace(tmp_path)
    assert "esms-kit init" in caught.value.remedy


def test_defaults(tmp_path):
    (tmp_path / "esms-kit.toml").write_text("schema = 1\n")
    workspace = load_workspace(tmp_path)
    assert workspace.config.language == "fr"
    assert workspace.store_url() == f"sqlite:///{tmp_path}/.esms-kit/store.sqlite"


@pytest.mark.skipif(os.name != "posix", reason="file modes mean nothing here")
@pytest.mark.parametrize("which", ["file", "folder"])
def test_a_configuration_anyone_may_write_is_not_read(tmp_path, which):
    path = tmp_path / "esms-kit.toml"
    path.write_text("schema = 1\n")
    (path if which == "file" else tmp_path).chmod(0o777)
    with pytest.raises(WorkspaceError, match="any account"):
        load_workspace(tmp_path)
    tmp_path.chmod(0o700)


def test_every_mistake_with_its_line(tmp_path):
    (tmp_path / "esms-kit.toml").write_text(
        "schema = 1\n"
        'language = "de"\n'
        'jobs = "8"\n'
        "# a comment\n"
        'note = """\njobs = 1\n"""\n'
        "[proxies]\n"
        'https = "http://user:secret@proxy:3128"\n'
        "[vault]\n"
        'key = {env = "A", file = "b"}\n'
    )
    with pytest.raises(InvalidDocuments) as caught:
        load_workspace(tmp_path)
    assert [problem.position.line for problem in caught.value.problems] == [2, 3, 5, 9, 11]
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize("text", ["schema = ", "= 1", "[a", "schema = 1\nschema = 1\n", "\x00"])
def test_broken_toml_has_a_position(tmp_path, text):
    (tmp_path / "esms-kit.toml").write_text(text)
    with pytest.raises(InvalidDocuments) as caught:
        load_workspace(tmp_path)
    assert caught.value.problems[0].position.file == "esms-kit.toml"


@pytest.mark.parametrize("name", ["../x", "_groups", "A", "a/b", "", "x" * 50])
def test_a_site_name_cannot_leave_the_inventories(workspace, name):
    with pytest.raises(WorkspaceError):
        workspace.site_folder(name)
