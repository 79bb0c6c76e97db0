"""What a gateway says of a start that goes on by defaults, and of an end that it did not expect."""

from __future__ import annotations

INTERRUPTED = "Gateway shutdown (final-cleanup) killed the job's tool subprocess before the run finished."
UNEXPECTED = (
    "Gateway stopped by an unexpected signal — persisting gateway_state=running so container_boot auto-starts on "
    "the next boot (issue #42675)"
)
NO_YAML = (
    "while parsing a block mapping\nexpected <block end>, but found '-'. Falling back to default config — "
    "every user override (auxiliary providers, fallback chain, model settings) is being IGNORED. "
    "Fix the YAML and restart."
)
EXIT_1 = (
    "Exiting with code 1 (signal-initiated shutdown without restart request) so systemd Restart=on-failure can "
    "revive the gateway."
)
