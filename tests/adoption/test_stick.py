"""The stick: what is on it, in which form, and what is not."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import tree_sitter_pwsh
from tree_sitter import Language, Node, Parser

from kit.documents_io.yaml import parse_yaml
from kit.errors import UsageError
from tests.adoption.conftest import AT, KEY, SITE
from tests.adoption.devices import machine, read_token

ROOT = Path(__file__).parents[2]
SHELLCHECK = str(Path(sys.executable).with_name("shellcheck"))
POWERSHELL = ROOT / "adoption/windows/adopter-windows.ps1"
# Everything the script calls: in Windows PowerShell 5.1 of Windows 10 and 11, or its own.
CMDLETS = frozenset({
    "Add-LocalGroupMember", "Add-WindowsCapability", "ConvertTo-SecureString",
    "Disable-NetFirewallRule", "Enable-LocalUser", "Get-ChildItem", "Get-CimInstance",
    "Get-ItemProperty", "Get-LocalUser", "Get-NetAdapter", "Get-NetFirewallRule",
    "Get-NetIPAddress", "Get-Service", "Join-Path", "New-Item",
    "New-LocalUser", "New-NetFirewallRule", "New-Object", "New-SelfSignedCertificate", "Out-Null",
    "Protect-CmsMessage", "Read-Host", "Remove-Item", "Remove-NetFirewallRule", "Select-Object",
    "Set-LocalUser", "Set-Service", "Set-StrictMode", "Split-Path", "Start-Process",
    "Start-Service", "Test-Path", "Where-Object", "Write-Host", "Write-Verbose",
})  # fmt: skip
# What Windows PowerShell 5.1 does not know.
NEWER = re.compile(rb"\?\?|\?\.|\?\[|&&|\|\||-AsByteStream|-Parallel|\bclean\s*\{")


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_what_is_on_it(bench):
    found = files_of(bench.stick)
    assert sorted(found) == [
        "LISEZMOI.txt", "adopter-linux.sh", "adopter-windows.cmd", "kit/adopter-windows.ps1",
        "kit/autoinstall.yaml", "kit/management_keys.pub", "kit/operator.cer", "kit/operator.pem",
        "kit/preseed.cfg", "kit/token.txt", "kit/winrm.reg",
    ]  # fmt: skip
    assert (bench.stick / "records").is_dir()
    token = read_token(bench.stick)
    assert token["site"] == "tilleuls"
    assert token["sources"] == "192.0.2.128/27,2001:db8::/64"
    assert int(token["expires"]) == int((AT + timedelta(days=30)).timestamp())


def test_no_private_key_and_no_password_is_on_it(bench):
    for name, content in files_of(bench.stick).items():
        assert b"PRIVATE KEY" not in content, name
        assert b"operator.pub" not in content
    secrets = {path.read_text() for path in bench.workspace.root.parent.glob("key")}
    for content in files_of(bench.stick).values():
        assert all(secret.strip().encode() not in content for secret in secrets)


def test_the_key_of_the_stick_is_in_the_vault_only(bench):
    mac_key = read_token(bench.stick)["mac_key"].encode()
    assert all(mac_key not in content for content in bench.files().values())


def test_names_are_fit_for_fat32(bench):
    for name in files_of(bench.stick):
        assert re.fullmatch(r"[A-Za-z0-9._/-]+", name)
    assert re.fullmatch(r"[A-Za-z0-9._-]+", machine(20).write(bench.stick).name)


def test_line_ends_and_marks(bench):
    found = files_of(bench.stick)
    for name in ("LISEZMOI.txt", "adopter-windows.cmd", "kit/adopter-windows.ps1"):
        assert b"\n" not in found[name].replace(b"\r\n", b""), name
    for name in ("LISEZMOI.txt", "kit/adopter-windows.ps1"):
        assert found[name].startswith(b"\xef\xbb\xbf"), name
    # cmd.exe takes a mark for a command, and reads the console's code page.
    assert found["adopter-windows.cmd"].isascii()
    for name in ("adopter-linux.sh", "kit/token.txt", "kit/management_keys.pub"):
        assert b"\r" not in found[name], name
    assert found["kit/token.txt"].isascii()


def test_the_shell_script_is_clean():
    script = ROOT / "adoption/linux/adopter-linux.sh"
    done = subprocess.run(
        [SHELLCHECK, "--shell=dash", "--severity=info", str(script)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    for shell in (["dash"], ["busybox", "sh"]):
        subprocess.run([*shell, "-n", str(script)], check=True)


def nodes(node: Node):
    yield node
    for child in node.children:
        yield from nodes(child)


def powershell_files():
    return sorted(path for path in ROOT.rglob("*.ps1") if ".venv" not in path.parts)


@pytest.mark.parametrize("path", powershell_files(), ids=lambda path: path.name)
def test_powershell_parses_and_knows_nothing_newer_than_5_1(path):
    source = path.read_bytes()
    root = Parser(Language(tree_sitter_pwsh.language())).parse(source).root_node
    assert [n.start_point for n in nodes(root) if n.type == "ERROR" or n.is_missing] == []
    code = b"\n".join(line for line in source.splitlines() if not line.lstrip().startswith(b"#"))
    assert NEWER.search(code) is None
    assert b"\r" not in source  # the stick gets CR LF, the repository keeps LF


def test_the_parser_finds_what_is_broken():
    broken = POWERSHELL.read_bytes().replace(b"function Read-Token {", b"function Read-Token", 1)
    assert Parser(Language(tree_sitter_pwsh.language())).parse(broken).root_node.has_error


def test_powershell_calls_what_there_is():
    source = POWERSHELL.read_bytes()
    root = Parser(Language(tree_sitter_pwsh.language())).parse(source).root_node
    called = {n.text.decode() for n in nodes(root) if n.type == "command_name"}
    own = set(
        re.findall(r"^function ([A-Z][A-Za-z]+-[A-Z][A-Za-z]+)", source.decode(), re.MULTILINE)
    )
    assert called - own - CMDLETS == set()
    assert own - called == set(), "defined and never called"


def test_nothing_on_it_is_run_that_is_not_ours(bench):
    """Scripts are the same whatever the site: what is particular is read as data."""
    for name in ("adopter-linux.sh",):
        assert (bench.stick / name).read_bytes() == (ROOT / "adoption/linux" / name).read_bytes()


def test_a_hostile_site_name_stays_text(bench, tmp_path):
    path = bench.workspace.site_folder("tilleuls") / "site.yaml"
    name = "$(touch owned) `id` ';-- & del %PATH% {{ 1 }}"
    path.write_text(SITE.replace("EHPAD Les Tilleuls", '"' + name + '"'))
    stick = bench.build(tmp_path / "other")
    found = files_of(stick)
    assert name in found.pop("LISEZMOI.txt").decode("utf-8-sig")
    assert all(b"$(touch" not in content for content in found.values())
    for name in ("kit/autoinstall.yaml",):
        parse_yaml(found[name].decode(), name)


@pytest.mark.parametrize(
    "management",
    ["{}", "{account: kit}", "{sources: [192.0.2.0/24]}"],
)
def test_without_sources_or_account_no_stick(bench, management, tmp_path):
    path = bench.workspace.site_folder("tilleuls") / "site.yaml"
    path.write_text(re.sub(r"management: .*", f"management: {management}", SITE))
    before = bench.files()
    with pytest.raises(UsageError, match="from which networks"):
        bench.build(tmp_path / "other")
    assert bench.files() == before
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nx", "private key"),
        ("ssh-dss AAAAB3NzaC1kc3M=", "safe to use"),
        ("ssh-ed25519 AAAA$(id)", "safe to use"),
        ("ssh-ed25519 AAAAB3NzaC1yc2EAAAADAQABAAAA", "safe to use"),
        ('command="id" ' + KEY, "safe to use"),
        ("# only a comment\n", "no public key"),
    ],
)
def test_only_good_public_keys_come_on_it(bench, tmp_path, content, said):
    (tmp_path / "bad.pub").write_text(content)
    with pytest.raises(UsageError, match=said):
        bench.build(tmp_path / "other", keys=(tmp_path / "bad.pub",))


def test_comments_of_keys_stay_off_it(bench):
    assert (bench.stick / "kit/management_keys.pub").read_text() == " ".join(KEY.split()[:2]) + "\n"


def test_your_own_key_is_the_one_without_asking(bench, tmp_path):
    with pytest.raises(UsageError, match="no SSH key of your own"):
        bench.build(tmp_path / "other", keys=())
    ssh = bench.workspace.root / ".ssh"
    ssh.mkdir()
    (ssh / "id_ed25519.pub").write_text(KEY)
    bench.build(tmp_path / "other", keys=())


def test_the_keys_of_the_rule_are_those_of_the_stick(bench, tmp_path):
    """One source: what is installed at first contact is what is enforced and checked later."""
    line = " ".join(KEY.split()[:2])
    path = bench.workspace.site_folder("tilleuls") / "site.yaml"
    path.write_text(SITE + f'parameters: {{management_keys: ["{line}"]}}\n')
    stick = bench.build(tmp_path / "other", keys=())
    assert (stick / "kit/management_keys.pub").read_text() == line + "\n"
    bench.build(tmp_path / "third")
    (tmp_path / "strange.pub").write_text(KEY.replace("Zjd", "Zje").replace("IGtl", "IGtm"))
    with pytest.raises(UsageError, match="not among the site"):
        bench.build(tmp_path / "fourth", keys=(tmp_path / "strange.pub",))


def test_a_stick_with_records_is_not_overwritten(bench):
    machine(1).write(bench.stick)
    with pytest.raises(UsageError, match="records on this stick"):
        bench.build()


@pytest.mark.parametrize("asked", [{"slots": 0}, {"slots": 501}, {"days": 0}, {"days": 366}])
def test_bounds(bench, tmp_path, asked):
    with pytest.raises(UsageError, match="1 to 500"):
        bench.build(tmp_path / "other", **asked)


def test_one_slot_for_each_post_that_waits(bench, tmp_path):
    stick = bench.build(tmp_path / "other", slots=None)
    assert read_token(stick)["slots"] == "4"
