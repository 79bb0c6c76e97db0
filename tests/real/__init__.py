"""End-to-end tests on real parts: systemd, Hermes Agent 0.19.0, Prometheus, Alertmanager, ntfy."""
