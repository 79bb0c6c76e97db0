"""Failures of the gateway's process."""

from tests.field.row import Row

ROWS = {
    "silent death": Row(
        (112628, 84694, 107619),
        "dead for hours, its files say running",
        ("hermes_profile_condition", "hermes_gateway_up", "hermes_gateway_unclean_exits_total"),
        "HermesGatewayDead",
    ),
    "planned restart": Row((), "stopped and started again by its owner: no failure", ("hermes_gateway_up",)),
}
