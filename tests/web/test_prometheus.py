"""A real Prometheus scrapes an exporter that wants TLS, a client's certificate and a password."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from typing import TYPE_CHECKING, Any

import yaml

from tests.access.authority import Authority, hashed
from tests.lab.unpacked import TREE
from tests.lab.waiting import free_port, until

from .secured import CLIENTS, Secured

if TYPE_CHECKING:
    from pathlib import Path


def test_prometheus_scrapes_who_it_can_trust_and_is_let_in(tmp_path: Path) -> None:
    """With authority, certificate and password `up` is 1; without any one of them it is 0, and it says why."""
    Authority(tmp_path).issue()
    Authority(tmp_path, "clients").issue("prometheus")
    Authority(tmp_path, "others").issue("eve")
    (tmp_path / "password").write_text("right")
    users = f"basic_auth_users:\n  prometheus: {hashed('right', 10)}\n"
    with Secured(tmp_path, CLIENTS + users) as exporter:
        well: dict[str, Any] = {
            "scheme": "https",
            "basic_auth": {"username": "prometheus", "password_file": "password"},
            "tls_config": {
                "ca_file": "authority.crt",
                "cert_file": "prometheus.crt",
                "key_file": "prometheus.key",
            },
        }
        no_certificate = {**well, "tls_config": {"ca_file": "authority.crt"}}
        eve = {**well["tls_config"], "cert_file": "eve.crt", "key_file": "eve.key"}
        jobs = {
            "well": well,
            "wrong_password": {**well, "basic_auth": {"username": "prometheus", "password": "wrong"}},
            "no_password": {name: value for name, value in well.items() if name != "basic_auth"},
            "wrong_authority": {**well, "tls_config": {**well["tls_config"], "ca_file": "others.crt"}},
            "no_certificate": no_certificate,
            "wrong_certificate": {**well, "tls_config": eve},
            "plain": {**well, "scheme": "http"},
        }
        seen = scraped(tmp_path, f"127.0.0.1:{exporter.port}", jobs)

    assert {job: health for job, (health, _error) in seen.items()} == {
        job: "up" if job == "well" else "down" for job in jobs
    }
    errors = {job: error for job, (_health, error) in seen.items()}
    assert errors["well"] == ""
    assert errors["wrong_password"] == errors["no_password"] == "server returned HTTP status 401 Unauthorized"
    assert errors["plain"] == "server returned HTTP status 400 Bad Request"
    assert "certificate signed by unknown authority" in errors["wrong_authority"]
    assert "tls: " in errors["no_certificate"]
    assert "tls: " in errors["wrong_certificate"]


def scraped(directory: Path, target: str, jobs: dict[str, dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """How Prometheus' first scrape for each of these jobs ended: up or down, and its words for why."""
    static = {"static_configs": [{"targets": [target]}], "scrape_interval": "1s"}
    configs = [{"job_name": name, **static, **job} for name, job in jobs.items()]
    (directory / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": configs}))
    address = f"127.0.0.1:{free_port()}"
    command = [
        TREE / "usr/bin/prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
        f"--web.listen-address={address}",
    ]  # fmt: skip
    log = directory / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=directory, stdout=output, stderr=subprocess.STDOUT)
    try:
        return until(lambda: ended(address, len(jobs)), 60, log.read_text)
    finally:
        process.terminate()
        process.wait(10)


def ended(address: str, number: int) -> dict[str, tuple[str, str]] | None:
    """The outcome of each job's last scrape, None while one had none."""
    try:
        with urllib.request.urlopen(f"http://{address}/api/v1/targets", timeout=10) as answer:
            targets = json.load(answer)["data"]["activeTargets"]
    except OSError:
        return None
    found = {target["labels"]["job"]: (target["health"], target["lastError"]) for target in targets}
    done = len(found) == number and all(health != "unknown" for health, _error in found.values())
    return found if done else None
