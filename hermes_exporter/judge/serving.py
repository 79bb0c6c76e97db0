"""Which profiles another profile's gateway serves (multiplexing).

The list in the host's state file counts while the host is told to serve others, and not while it is told not to.
Where nothing is said it counts from 0.20 on, while the process that wrote it lives: those serve others unasked.
Before that a gateway leaves what it finds on the list as it is, with its own pid beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hermes_exporter.discovery import Profile
    from hermes_exporter.judge.liveness import Liveness
    from hermes_exporter.sources.profile_files import ProfileFiles


def hosts(
    profiles: Iterable[Profile],
    files: Mapping[str, ProfileFiles],
    own: Mapping[str, Liveness],
    told: Mapping[str, bool | None],
) -> dict[str, str]:
    """Return the label of the host of each served profile, by the label of the served one.

    ``told`` is what the environment of a gateway says; it overrules the configuration.
    """
    everybody = list(profiles)
    serving: dict[str, str] = {}
    for host in everybody:
        names = _served_names(files[host.label], own[host.label], told.get(host.label))
        for guest in everybody if names else ():
            other = guest.home == host.home and guest.label != host.label and guest.name in names
            if other and guest.present and own[guest.label].process is None:
                serving[guest.label] = host.label
    return serving


def _served_names(files: ProfileFiles, liveness: Liveness, told: bool | None) -> frozenset[str]:
    state, process = files.state, liveness.process
    if state is None:
        return frozenset()
    if told is None and files.settings is not None:
        told = files.settings.multiplex
    if told is None:
        told = state.code_version is not None and process is not None and process.goes_by(state.pid)
    return frozenset(state.served) if told else frozenset()
