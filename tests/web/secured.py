"""An exporter with a web configuration, and curl as its client."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

from .exporter_process import ExporterProcess

if TYPE_CHECKING:
    from pathlib import Path

TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
CLIENTS = f"{TLS}  client_ca_file: clients.crt\n  client_auth_type: RequireAndVerifyClientCert\n"


class Answer(NamedTuple):
    """What curl got; ``code`` is its own, 0 where it got any answer."""

    code: int
    status: int
    body: str
    error: str


def curl(*arguments: str | Path) -> Answer:
    """Ask as curl does."""
    command = ["curl", "-sS", "--max-time", "20", "-w", "\n%{http_code}", *(str(word) for word in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    body, _, status = done.stdout.rpartition("\n")
    return Answer(done.returncode, int(status), body, done.stderr)


class Secured(ExporterProcess):
    """Serves an empty home with the web configuration web.yml of a directory."""

    def __init__(self, directory: Path, text: str, *arguments: str) -> None:
        self.directory = directory
        self.write(text)
        home = directory / "home"
        home.mkdir(exist_ok=True)
        options = ["--hermes.home", str(home), "--no-collector.units", "--web.config.file", str(self.web_file)]
        super().__init__([*options, *arguments], directory / "log")

    @property
    def web_file(self) -> Path:
        """The web configuration."""
        return self.directory / "web.yml"

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return int(self.address.rpartition(":")[2])

    def write(self, text: str) -> None:
        """Replace the web configuration, at once and whole."""
        new = self.directory / "web.new"
        new.write_text(text)
        new.replace(self.web_file)

    def ask(self, *arguments: str | Path, path: str = "/metrics") -> Answer:
        """Ask with curl, which trusts the certificates of the authority in the directory."""
        return curl("--cacert", self.directory / "authority.crt", *arguments, self.address + path)
