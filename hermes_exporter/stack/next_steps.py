"""What to do with a stack's directory once it is written, in words and commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_exporter.stack.channels import CHANNELS, WATCHDOG
from hermes_exporter.stack.layout import GRAFANA_PASSWORD, PORTS, ROUTE, units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hermes_exporter.stack.layout import Wish

MEMORY = "Prometheus 80 MB, Alertmanager 40 MB, measured with one machine; each may grow with what it is asked"
MEMORY_OF_GRAFANA = "; Grafana, by its makers, 512 MB"
PACKAGES = "sudo apt install --no-install-recommends prometheus prometheus-alertmanager"


def lines(wish: Wish, *, lingers: bool) -> Iterator[str]:
    """Yield what to do now; ``lingers``: units of this user run while nobody is logged in."""
    yield ""
    yield f"memory: {MEMORY}{MEMORY_OF_GRAFANA if wish.grafana else ''}."
    yield from _needs(wish, lingers=lingers)
    if wish.notify == "ntfy":
        yield f"subscribe in the ntfy app to {wish.answers['server']}/{wish.answers['ntfy-topic']}"
    yield ""
    yield "now run:"
    yield f"  {_start(wish)}"
    yield f"  {_test(wish)}"
    yield from _open(wish)
    yield ""
    yield from _watchdog(wish)


def stops(wish: Wish, *, native: bool, grafana: bool) -> Iterator[str]:
    """Yield what ends that which ran until now and belongs to it no more; the variant of last time is given."""
    if native and not wish.native:
        gone = " ".join(units(wish._replace(grafana=grafana)))
    elif native and grafana and not wish.grafana:
        gone = "hermes-grafana.service"
    elif wish.native and not native:
        yield "stop what ran until now: docker compose --project-name hermes-stack down"
        return
    else:
        return
    yield f"stop what ran until now: systemctl --user disable --now {gone}"


def _needs(wish: Wish, *, lingers: bool) -> Iterator[str]:
    needed = CHANNELS[wish.notify].alertmanager
    if not wish.native:
        yield "needs: Docker on Linux with its compose plugin."
        return
    yield f"needs: {PACKAGES}"
    yield "       sudo systemctl disable --now prometheus prometheus-alertmanager  # Debian starts its own at once"
    if needed != "0.25":
        yield f"       {wish.notify} needs Alertmanager {needed}: Debian 13 has 0.28, Debian 12 only 0.25"
    more = "" if wish.grafana else "; once it is installed, come again with --with-grafana"
    yield f"       Grafana is not in Debian, its makers have a package: https://grafana.com/grafana/download{more}"
    if not lingers:
        yield "       loginctl enable-linger  # or all of it ends when you log out"


def _start(wish: Wish) -> str:
    if not wish.native:
        return f"docker compose --file {wish.root}/compose.yaml up --detach --force-recreate --remove-orphans"
    names = units(wish)
    paths = " ".join(f"{wish.root}/systemd/{name}" for name in names)
    return f"systemctl --user enable {paths} && systemctl --user restart {' '.join(names)}"


def _test(wish: Wish) -> str:
    port = wish.ports["alertmanager"]
    elsewhere = f" --alertmanager.url=http://127.0.0.1:{port}" if port != PORTS["alertmanager"] else ""
    return f"hermes-exporter stack test-alert --alertmanager.config-file={wish.root}/{ROUTE}{elsewhere}"


def _open(wish: Wish) -> Iterator[str]:
    """Yield the way to the pages from where the person sits, who is seldom at this machine."""
    port = wish.ports["grafana"] if wish.grafana else wish.ports["prometheus"]
    path = "d/hermes-overview" if wish.grafana else "alerts"
    yield f"  ssh -L {port}:127.0.0.1:{port} {wish.host}  # from where you sit; then open http://127.0.0.1:{port}/{path}"
    if wish.grafana:
        yield f"     user admin, password: cat {wish.root}/{GRAFANA_PASSWORD}"


def _watchdog(wish: Wish) -> Iterator[str]:
    if wish.answers[WATCHDOG.name]:
        yield "the dead man's switch outside hears of this machine every minute, and calls you when it does not."
        return
    yield "nothing here can tell you that this machine is off. Make a check at https://healthchecks.io (period 1"
    yield "minute, grace 5 minutes), give its address to the next line, and run the first command once more:"
    yield f"  hermes-exporter stack init {wish.root} --ask {WATCHDOG.name}"
