"""No registered secret, NIR, code or terminal control comes through the redactor."""

from __future__ import annotations

import base64
import html
import json
import logging
import shlex
import subprocess
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from stdnum.fr import nir

from kit.redaction import MASK, Redactor, plain_text
from kit.redaction.log_records import RedactingFormatter
from kit.redaction.nir import has_valid_key

SECRET = "pa$$ w0rd'é\"\\/+?"


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        json.dumps({"x": SECRET}),
        json.dumps({"x": SECRET}, ensure_ascii=False),
        repr({"x": SECRET}),
        shlex.quote(SECRET),
        shlex.join(["echo", f"--password={SECRET}"]),
        html.escape(SECRET),
        quote(SECRET),
        quote_plus(SECRET),
        quote(SECRET).lower(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(b"user:" + SECRET.encode() + b":tail").decode(),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
    ],
)
def test_a_secret_is_masked_in_its_usual_encodings(shown):
    redacted = Redactor([SecretStr(SECRET)])(f"before {shown} after")
    assert MASK in redacted
    assert "w0rd" not in redacted.replace(MASK, "")
    assert redacted.startswith("before")
    assert redacted.endswith("after")


@given(
    before=st.binary(max_size=20),
    secret=st.text(
        alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=30
    ),
    after=st.binary(max_size=20),
)
def test_base64_hides_a_secret_at_any_place_of_a_longer_text(before, secret, after):
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    redacted = Redactor([secret]).mask(encoded)
    assert MASK in redacted
    # What is left of the text around it never gives three letters of the secret in a row.
    left = redacted.split(MASK)
    for part in left:
        for start in range(4):
            piece = part[start : start + (len(part) - start) // 4 * 4]
            decoded = base64.b64decode(piece).decode("latin-1")
            inside = secret[2:-2]
            clean = before.decode("latin-1") + after.decode("latin-1")
            for at in range(len(inside) - 5):
                word = inside[at : at + 6]
                assert word not in decoded or word in clean


PRINTABLE = st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cc", "Cf"])
HOSTILE = st.text(alphabet=st.sampled_from("ab1;[](){}?\x1b\x07\x9b\x9d\r\n\u202e"), max_size=20)


@given(secret=st.text(alphabet=PRINTABLE, min_size=6, max_size=40), noise=HOSTILE)
def test_no_text_around_it_uncovers_a_secret(secret, noise):
    redacted = Redactor([secret])(noise + secret + noise)
    assert secret[1:] not in redacted.replace(MASK, "\0")


def test_an_escape_sequence_inside_a_secret_does_not_hide_it():
    secret = "correct horse"
    assert Redactor([secret])("correct\x1b[31m horse") == MASK
    assert Redactor(["a\x1bcdefghi\x07"])("a\x1bcdefghi\x07 end") == f"{MASK} end"


def test_each_line_of_a_long_secret_is_masked_alone():
    redact = Redactor(["first line of it\nsecond line of it\n"])
    assert redact("x second line of it y") == f"x {MASK} y"


def test_a_short_secret_is_masked_as_a_word_only():
    redact = Redactor(["2468"])
    assert redact("is 2468.") == f"is {MASK}."
    assert redact("in 124680 bytes") == "in 124680 bytes"


def test_two_secrets_of_which_one_begins_the_other_are_both_masked_whole():
    assert Redactor(["swordfish", "swordfish-2"])("swordfish-2 swordfish") == f"{MASK} {MASK}"


@pytest.mark.parametrize("number", ["295 10 9 9 126 111 93", "2 95 10 99 126 111 93"])
def test_the_reference_library_knows_the_numbers_used_here(number):
    assert nir.is_valid(number)


@pytest.mark.parametrize(
    "text",
    [
        "295109912611193",
        "2 95 10 99 126 111 93",
        "ins=295109912611193;",
        "2\u00a095\u00a010\u00a099\u00a0126\u00a0111\u00a093",
        "1 85 05 2A 006 084 " + f"{97 - int('1850519006084') % 97:02d}",
    ],
)
def test_a_nir_is_masked(text):
    assert MASK in Redactor()(text)
    assert "111" not in Redactor()(text)
    assert "084" not in Redactor()(text)


@pytest.mark.parametrize("text", ["295109912611194", "490154203237518", "2026-11-21T21:30:00Z"])
def test_other_numbers_are_left(text):
    assert Redactor()(text) == text


@given(st.integers(min_value=0, max_value=9999999999))
def test_the_key_is_the_reference_librarys(rest):
    number = f"185{rest:010d}"
    key = f"{97 - int(number) % 97:02d}"
    assert has_valid_key(number + key)
    assert not has_valid_key(number + f"{(int(key) + 1) % 100:02d}")
    assert nir.calc_check_digits(number) == key


@pytest.mark.parametrize(
    "text",
    [
        "PIN: 1234",
        "code 482913",
        "Code de déverrouillage : 4829 1377",
        "votre code est 123-456.",
        "puk=12345678",
        "OTP 000000 ok",
    ],
)
def test_a_code_is_masked(text):
    redacted = Redactor()(text)
    assert MASK in redacted
    assert not any(char.isdigit() for char in redacted)


@pytest.mark.parametrize(
    "text",
    [
        "exit code 1603",
        "code postal 75012",
        "code issued on 2026-11-21",
        "pinned 4096 keys",
        "code 123",
        "code 123456789",
    ],
)
def test_what_is_no_code_is_left(text):
    assert Redactor()(text) == text


def test_keys_passwords_in_urls_and_assignments_are_masked():
    redact = Redactor()
    block = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\ndef\n-----END OPENSSH PRIVATE KEY-----"
    assert redact(f"a\n{block}\nb") == f"a\n{MASK}\nb"
    assert redact("-----BEGIN PRIVATE KEY-----\nabc") == MASK
    assert redact("http://me:hunter2@proxy:3128/") == f"http://me:{MASK}@proxy:3128/"
    assert redact("password = 'a b' x") == f"password = {MASK} x"


@pytest.mark.parametrize(
    ("hostile", "plain"),
    [
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://evil\x1b\\x", "x"),
        ("\x9b31mred", "red"),
        ("a\rb", "a\nb"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("\x1bP1$r\x1b\\x\x1b(B", "x"),
        ("user\u202egnp.exe\u200b", "usergnp.exe"),
        ("bell\x07 nul\x00 del\x7f", "bell nul del"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
    ],
)
def test_terminal_control_is_stripped(hostile, plain):
    assert plain_text(hostile) == plain


@given(st.text(alphabet=st.characters(), max_size=60))
def test_no_control_character_is_left(text):
    plain = plain_text(text)
    assert not any((ord(c) < 32 and c not in "\t\n") or 127 <= ord(c) < 160 for c in plain)
    assert plain_text(plain) == plain
    plain.encode()


def test_a_message_is_one_short_line():
    assert Redactor(["secret!"]).short("a\n b secret!  \n", 300) == f"a b {MASK}"
    assert len(Redactor().short("x" * 1000, 80)) == 80


def test_the_redactor_shows_nothing_of_itself():
    assert "hunter2hunter2" not in repr(Redactor(["hunter2hunter2"]))


def test_log_records_are_redacted_with_their_traceback():
    formatter = RedactingFormatter(Redactor(["hunter2hunter2"]), "%(levelname)s %(message)s")
    try:
        int("hunter2hunter2")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "got %s", ("hunter2hunter2",), info)
    shown = formatter.format(record)
    assert "hunter2hunter2" not in shown
    assert shown.count(MASK) >= 2
    assert "Traceback" in shown


def test_what_a_shell_prints_when_it_traces_is_masked():
    traced = subprocess.run(
        ["sh", "-xc", 'printf "%s" "$0" >/dev/null', SECRET],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "w0rd" in traced.stderr
    assert "w0rd" not in Redactor([SECRET])(traced.stderr)
