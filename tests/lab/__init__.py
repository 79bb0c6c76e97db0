"""The project's test lab: real systemd, real Hermes, real Prometheus, in throw-away places."""
