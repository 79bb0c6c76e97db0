"""The table of versions is what the runs of real versions, and the fixtures of later ones, have brought."""

from __future__ import annotations

from hermes_exporter.collectors import FAMILIES
from tests.compatibility import RUNS, later, table
from tests.lab.user_systemd import REPO

GATEWAY = {"hermes_gateway_up", "hermes_gateway_proof", "hermes_platform_up", "hermes_auth_errors_total"}


def test_documentation_is_generated() -> None:
    """docs/versions.md is what the module prints."""
    assert (REPO / "docs/versions.md").read_text() == table()


def test_what_is_recorded() -> None:
    """Families of a profile, each once and in order; what matters most was seen of every version."""
    known = {family.name for family in FAMILIES if not family.host}
    for version, seen in RUNS.items():
        assert seen == sorted(set(seen)), version
        assert set(seen) <= known
        assert set(seen) >= GATEWAY
    assert later() > GATEWAY
