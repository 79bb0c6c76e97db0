"""Which profiles another profile's gateway serves (multiplexing).

The list in the host's state file is never cleared, so it counts only while the host is told to serve others, or
while the process that wrote the list lives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hermes_exporter.discovery import Profile
    from hermes_exporter.judge.liveness import Liveness
    from hermes_exporter.sources.profile_files import ProfileFiles


def hosts(
    profiles: Iterable[Profile], files: Mapping[str, ProfileFiles], own: Mapping[str, Liveness]
) -> dict[str, str]:
    """Return the label of the host of each served profile, by the label of the served one."""
    everybody = list(profiles)
    serving: dict[str, str] = {}
    for host in everybody:
        names = _served_names(files[host.label], own[host.label])
        for guest in everybody if names else ():
            other = guest.home == host.home and guest.label != host.label and guest.name in names
            if other and own[guest.label].process is None:
                serving[guest.label] = host.label
    return serving


def _configured(files: ProfileFiles) -> bool:
    return files.settings is not None and files.settings.multiplex is True


def _served_names(files: ProfileFiles, liveness: Liveness) -> frozenset[str]:
    if files.state is None or not files.state.served:
        return frozenset()
    told = files.env.multiplex if files.env and files.env.multiplex is not None else _configured(files)
    process = liveness.process
    writes = process is not None and process.goes_by(files.state.pid)
    return frozenset(files.state.served) if told or writes else frozenset()
