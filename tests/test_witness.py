"""What the kernel testifies, and whether it would be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hermes_exporter.values import replace
from hermes_exporter.witness import Witness
from tests.homes import Procfs
from tests.judge.test_ownership import UNIT

if TYPE_CHECKING:
    from pathlib import Path

THERE, HIDDEN = 3001, 3002


@pytest.mark.parametrize(
    ("pids", "seen"),
    [
        ((), False),
        ((THERE,), True),
        ((0,), True),
        ((HIDDEN,), False),
        ((0, HIDDEN), False),
        ((0, THERE), True),
    ],
)
def test_a_unit_whose_process_is_hidden_proves_no_death(tmp_path: Path, pids: tuple[int, ...], seen: bool) -> None:
    """Units say that a gateway would be seen if each of their processes is; one without a process says so too."""
    Procfs(tmp_path, boot=1).add(THERE, 100)
    units = [replace(UNIT, name=f"hermes-gateway-{pid}.service", main_pid=pid) for pid in pids]

    assert Witness(tmp_path, set()).would_see("default", units) is seen


def test_a_gateway_that_was_seen_would_be_seen_again(tmp_path: Path) -> None:
    """That counts for the profile it was seen of, and more than a unit that still names its process."""
    witness = Witness(tmp_path, set())
    witness.has_seen("default")

    assert witness.would_see("default", [replace(UNIT, main_pid=HIDDEN)])
    assert not witness.would_see("coder", [replace(UNIT, main_pid=HIDDEN)])
