import subprocess
import sys

import pytest

from kit.errors import UsageError
from kit.i18n import language
from kit.model.secret import SecretReference
from kit.secrets.reference import SecretResolver


def resolver(tmp_path, **more):
    return SecretResolver(tmp_path, more.pop("environment", {}), **more)


def test_each_place(tmp_path):
    path = tmp_path / "pw"
    path.write_text("in file\n")
    path.chmod(0o600)
    secrets = resolver(
        tmp_path, environment={"PW": "in env"}, prompt=lambda question: question[::-1]
    )
    assert secrets.resolve(SecretReference(env="PW")).get_secret_value() == "in env"
    assert secrets.resolve(SecretReference(file="pw")).get_secret_value() == "in file"
    assert secrets.resolve(SecretReference(prompt="abc")).get_secret_value() == "cba"


def test_a_question_nobody_can_answer_is_a_plain_error(tmp_path):
    code = (
        "import pathlib, sys; from kit.app.secret_sources import ask_unseen;"
        "from kit.model.secret import SecretReference;"
        "from kit.secrets.reference import SecretResolver;"
        "SecretResolver(pathlib.Path('.'), {}, prompt=ask_unseen)"
        ".resolve(SecretReference(prompt='Password?'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, start_new_session=True, timeout=60,
    )  # fmt: skip
    assert "UsageError" in done.stderr
    assert "GetPassWarning" not in done.stderr


def test_a_value_does_not_show_itself(tmp_path):
    value = resolver(tmp_path, environment={"PW": "canary"}).resolve(SecretReference(env="PW"))
    assert "canary" not in f"{value} {value!r} {resolver(tmp_path, environment={'PW': 'canary'})}"


def test_a_file_open_to_others_is_refused(tmp_path):
    path = tmp_path / "pw"
    path.write_text("x")
    path.chmod(0o644)
    with language("en"), pytest.raises(UsageError, match="open to other"):
        resolver(tmp_path).resolve(SecretReference(file="pw"))


@pytest.mark.parametrize(
    "reference",
    [
        SecretReference(env="NONE"),
        SecretReference(file="none"),
        SecretReference(prompt="?"),
        SecretReference(secret="vault-entry"),
    ],
)
def test_what_cannot_be_had_is_an_error(tmp_path, reference):
    with pytest.raises(UsageError):
        resolver(tmp_path).resolve(reference)


@pytest.mark.parametrize("values", [{}, {"env": "A", "file": "b"}])
def test_exactly_one_place(values):
    with language("en"), pytest.raises(ValueError, match="exactly one"):
        SecretReference(**values)
