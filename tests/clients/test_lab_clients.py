"""Both kinds of client on lab hosts, by both engines and both generated projects: one result."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit.catalogue.loading import shipped_catalogue
from kit.documents_io.yaml import dump_yaml
from kit.resources.certificates import authority_text
from tests.debs import Deb, build_deb
from tests.lab.bench import Lab
from tests.lab.hosts import Done, Host
from tests.loop.lab_site import SITE, Answer, LabSite, verdicts
from tests.tls_server import Authority

pytestmark = pytest.mark.lab

NAME = "dui.lab.test"
PARTS = ("browsers", "policies", "reached", "shortcut")
RULES = {f"client_essai_{part}" for part in PARTS} | {
    "client_dui_native_installed",
    "client_dui_native_reached",
}
SERVER = """
import http.server, ssl
class Page(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_response(302); self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 443), Page)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/root/server.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
PLACES = "/etc/chromium /etc/firefox /etc/xdg /usr/local/share /var/lib/esms-kit/pinned"
MANAGED = (
    f"find {PLACES} -type f -printf '%p %m %U %G\\n' | sort;"
    f" find {PLACES} -type f | sort | xargs sha256sum;"
    " dpkg-query -W chromium firefox-esr dui-client telnet"
)


def shell(host: Host, script: str) -> str:
    return host.run(["sh", "-c", script]).stdout.decode()


def pack(authority: Authority) -> str:
    texts = {"fr": "Client d’essai", "en": "Trial client"}
    web = {
        "address": f"https://{NAME}/login",
        "authorities": [authority.text],
        "browsers": ["chromium", "firefox"],
        "label": "Dossier usager",
        "policies": {"password_manager": "off"},
    }
    return dump_yaml(
        {"schema": 1, "clients": [{"id": "essai", "title": texts, "about": texts, "web": web}]}
    )


class Clients:
    """A site whose posts get a web client and a native one, and its generated projects."""

    def __init__(self, site: LabSite, deb: Deb, folder: Path) -> None:
        self.site, self.deb, self.folder = site, deb, folder
        self.package = site.root / "client_packages" / deb.path.name

    def stock(self, tool: str, *words: str) -> Done:
        """Run a generated project as people without the kit do."""
        names = ("PATH", "HOME", "LANG")
        environment = {name: os.environ[name] for name in names if name in os.environ}
        environment["ANSIBLE_SSH_CONTROL_PATH_DIR"] = str(self.folder.parent / "cp")
        program = str(Path(sys.executable).parent / words[0])
        return self.site.lab.in_controller(
            [program, *words[1:]], cwd=self.folder / tool, env=environment, timeout=600
        )

    @contextmanager
    def tampered(self, package: Path) -> Iterator[None]:
        """For a while the file is another one."""
        whole = package.read_bytes()
        package.write_bytes(whole + b"\n")
        try:
            yield
        finally:
            package.write_bytes(whole)


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    folder = tmp_path_factory.mktemp("clients")
    authority = Authority(folder)
    certificate = authority.issue(NAME).read_text()
    deb = build_deb(folder, depends="telnet")
    # Only what the clients bring: the rest is tried elsewhere.
    disabled = [{"rule": rule, "reason": "tried elsewhere"} for rule in shipped_catalogue().rules]
    native = {
        "package": deb.name, "version": deb.version, "sha256": deb.sha256, "file": deb.path.name,
        "program": "/usr/bin/dui-client", "address": f"https://{NAME}",
    }  # fmt: skip
    chosen = [{"pack": "essai", "allow": ["https://*.visio.example.fr"]}]
    chosen += [{"pack": "dui_native", "values": native}]
    with Lab() as lab:
        site = LabSite(
            lab, folder / "workspace", lab.hosts(4), {"disabled_rules": disabled, "clients": chosen}
        )
        site.write()
        for name, content in {
            "clients/essai.yaml": pack(authority).encode(),
            f"client_packages/{deb.path.name}": deb.path.read_bytes(),
        }.items():
            path = site.root / name
            path.parent.mkdir()
            path.write_bytes(content)
        pem = authority_text(authority.text)
        for host in site.hosts:
            for path, text in {
                "/root/server.pem": certificate,
                "/root/server.py": SERVER,
                "/etc/ssl/certs/lab.pem": pem,
            }.items():
                host.write(path, text)
            shell(host, f"echo 127.0.0.1 {NAME} >>/etc/hosts; openssl rehash /etc/ssl/certs;"
                        " systemd-run --unit dui python3 /root/server.py")  # fmt: skip
        yield Clients(site, deb, folder / "project")


def test_the_site_is_as_its_packs_say(clients: Clients):
    clients.site.run("client", "lint", expect=[0])
    told = clients.site.check(expect=[1])
    for host in clients.site.hosts:
        found = verdicts(told, host.name)
        assert {rule for rule in found if rule.startswith("client_")} == RULES
        failing = {rule for rule, verdict in found.items() if verdict == "fail"}
        assert failing >= RULES - {"client_dui_native_reached", "client_essai_reached"}, found
        assert "error" not in found.values(), found


def good(told: Answer, *hosts: Host) -> None:
    """Every rule of the clients passes, and what stands on these hosts is the same."""
    for host in hosts:
        found = verdicts(told, host.name)
        assert {rule: found[rule] for rule in RULES} == dict.fromkeys(RULES, "pass")
    first, *others = [shell(host, MANAGED).splitlines() for host in hosts]
    for shown in others:
        assert set(first) ^ set(shown) == set()


def test_both_engines_bring_both_clients(clients: Clients):
    site = clients.site
    by_pyinfra, by_ansible, *_others = site.hosts
    for host, engine in ((by_pyinfra, "pyinfra"), (by_ansible, "ansible")):
        site.apply("--limit", host.name, "--only", "client", "--engine", engine, expect=[0])
    limit = ("--limit", f"{by_pyinfra.name},{by_ansible.name}")
    good(site.check(*limit), by_pyinfra, by_ansible)
    assert clients.deb.sha256 in shell(by_ansible, "cat /var/lib/esms-kit/pinned/dui-client")
    again = site.apply(*limit, "--only", "client", expect=[0])
    assert again.data["started"] is False


def test_a_tampered_package_is_refused_before_anything_changes(clients: Clients):
    site, host = clients.site, clients.site.hosts[2]
    before = shell(host, "dpkg-query -W; find /usr/local /etc -newer /root/server.py | sort")
    with clients.tampered(clients.package):
        refused = site.run("apply", SITE, "--yes", "--limit", host.name, "--only", "client")
        assert refused.code == 3
        assert "not the package that was pinned" in refused.stderr
        linted = site.run("client", "lint")
        assert linted.code == 3
        assert f"client_packages/{clients.package.name}" in linted.stdout + linted.stderr
    after = shell(host, "dpkg-query -W; find /usr/local /etc -newer /root/server.py | sort")
    assert after == before


@pytest.mark.full
def test_the_generated_projects_do_the_same(clients: Clients):
    site = clients.site
    site.run("generate", SITE, "-o", str(clients.folder), expect=[0])
    by_pyinfra, _by_ansible, stock_ansible, stock_pyinfra = site.hosts
    ways = {
        "ansible": (stock_ansible, ["ansible-playbook", "playbooks/install_client.yml"]),
        "pyinfra": (
            stock_pyinfra,
            ["pyinfra", "-y", "inventory.py", "deploy.py", "--data", "kit_only=client"],
        ),
    }
    # A file that is not the pinned one: the device looks for itself.
    with clients.tampered(clients.folder / "packages" / clients.package.name):
        for tool, (host, words) in ways.items():
            done = clients.stock(tool, *words, "--limit", host.name)
            assert done.returncode != 0
            assert b"package tampered" in done.stdout + done.stderr
            assert "dui-client" not in shell(host, "dpkg-query -W -f '${Package} '")
    for tool, (host, words) in ways.items():
        done = clients.stock(tool, *words, "--limit", host.name)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()[-3000:]
    good(site.check(), by_pyinfra, stock_ansible, stock_pyinfra)
