"""What a stack's directory holds: the shipped files, filled in for one owner. Writes nothing.

One directory serves containers and systemd units alike: a container sees its part of it at the same path.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hermes_exporter.stack import files
from hermes_exporter.stack.channels import CHANNELS, WATCHDOG

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ROOT = "/srv/hermes-stack"
"""The directory in the shipped files."""
PROGRAM_AT = {"9090": "prometheus", "9093": "alertmanager", "3000": "grafana"}
PORTS = {program: int(port) for port, program in PROGRAM_AT.items()}
"""Where each listens unless somebody wants it elsewhere, and in the shipped files."""
LISTENER = re.compile(rf"(?P<before>127\.0\.0\.1:|http_port = )(?P<port>{'|'.join(PROGRAM_AT)})\b")
DASHBOARDS = ("hermes-overview.json", "hermes-profile.json", "hermes-reports.json")
ROUTE = "alertmanager/alertmanager.yml"
GRAFANA_PASSWORD = "grafana/admin-password"  # noqa: S105  # its file
COMMENTED_WATCHDOG = """\
    # webhook_configs:
    #   - url: https://hc-ping.com/YOUR-UUID
    #     send_resolved: false
"""
NTFY_ACCESS = (
    "        http_config: &access\n",
    "          authorization:\n",
    (
        "            credentials_file: ntfy-token"
        "  # beside this file: your access token; without one delete both http_config\n"
    ),
    "        http_config: *access\n",
)
"""Lines that go where the topic needs no token."""


class Wish(NamedTuple):
    """What somebody wants.

    Attributes:
        root: the directory, absolute.
        notify: the way to the phone.
        native: systemd units instead of containers.
        grafana: Grafana belongs to it.
        ports: of prometheus, alertmanager and grafana.
        host: name of the machine, as the phone shall say it.
        uid: who owns it all, and whom the containers run as.
        gid: that user's group.
        answers: to the questions of the way and of the dead man's switch.
    """

    root: Path
    notify: str
    native: bool
    grafana: bool
    ports: Mapping[str, int]
    host: str
    uid: int
    gid: int
    answers: Mapping[str, str]


def contents(wish: Wish) -> dict[str, str]:
    """Return the text of each file by its name within the directory; what is secret on its own is none of them."""
    found = {
        "prometheus/prometheus.yml": _prometheus(wish),
        "prometheus/hermes.rules.yml": files.text("alerts/hermes.rules.yml"),
        "prometheus/off/hermes-extra.rules.yml": files.text("alerts/hermes-extra.rules.yml"),
        ROUTE: _alertmanager(wish),
        "alertmanager/hermes.tmpl": files.text("deploy/alertmanager/hermes.tmpl"),
    }
    if wish.native:
        found.update((f"systemd/{unit}", _placed(f"deploy/stack/{unit}", wish)) for unit in units(wish))
    else:
        found["compose.yaml"] = _compose(wish)
    if wish.grafana:
        found.update(_grafana(wish))
    return found


def units(wish: Wish) -> list[str]:
    """Return the names of the systemd units."""
    return [f"hermes-{name}.service" for name in programs(wish)]


def programs(wish: Wish) -> list[str]:
    """Return what runs, each with a directory below data/."""
    return ["prometheus", "alertmanager", *(["grafana"] if wish.grafana else [])]


def _prometheus(wish: Wish) -> str:
    changes = {"127.0.0.1:9093": f"127.0.0.1:{wish.ports['alertmanager']}", "hermes-host": wish.host}
    return filled("deploy/prometheus/prometheus.yml", changes)


def _alertmanager(wish: Wish) -> str:
    channel = CHANNELS[wish.notify]
    changes = {old: new.format_map(wish.answers) for old, new in channel.fills}
    if wish.notify == "ntfy" and not wish.answers["ntfy-token"]:
        changes.update(dict.fromkeys(NTFY_ACCESS, ""))
    if wish.notify != "ntfy":  # which names its token beside the file
        changes["/etc/prometheus/"] = f"{wish.root}/alertmanager/"
    watchdog = wish.answers[WATCHDOG.name]
    if watchdog:
        changes[COMMENTED_WATCHDOG] = f"""\
    webhook_configs:
      - url: {watchdog}
        send_resolved: false
"""
    return filled(f"deploy/alertmanager/{wish.notify}.yml", changes)


def _compose(wish: Wish) -> str:
    text = _placed("deploy/stack/compose.yaml", wish, {"1000:1000": f"{wish.uid}:{wish.gid}"})
    return text if wish.grafana else text.partition("\n  # ---- From here on")[0]


def _grafana(wish: Wish) -> dict[str, str]:
    provisioning = "grafana/provisioning"
    prometheus = f"http://127.0.0.1:{wish.ports['prometheus']}"
    source, boards = f"{provisioning}/datasources/hermes.yml", f"{provisioning}/dashboards/hermes.yml"
    place = f"{wish.root}/grafana/dashboards"
    return {
        "grafana/grafana.ini": _placed("deploy/stack/grafana.ini", wish),
        source: filled(f"deploy/{source}", {"http://127.0.0.1:9090": prometheus}),
        boards: filled(f"deploy/{boards}", {"/var/lib/grafana/dashboards/hermes": place}),
        **{f"grafana/dashboards/{name}": files.text(f"dashboards/{name}") for name in DASHBOARDS},
    }


def _placed(name: str, wish: Wish, more: Mapping[str, str] | None = None) -> str:
    """Return a shipped file of deploy/stack with this directory and these ports."""
    text = filled(name, {ROOT: str(wish.root), **(more or {})})
    return LISTENER.sub(lambda found: found["before"] + str(wish.ports[PROGRAM_AT[found["port"]]]), text)


def filled(name: str, changes: Mapping[str, str]) -> str:
    """Return a shipped file with each text on the left replaced by that on the right; raise LookupError.

    A text that is not there is a template that has changed, and an owner who would get another's address.
    """
    text = files.text(name)
    for before, after in changes.items():
        if before not in text:
            raise LookupError(f"{name} has no {before!r}")
        text = text.replace(before, after)
    return text
