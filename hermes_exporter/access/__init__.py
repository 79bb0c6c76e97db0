"""Who may ask: TLS, passwords and limits, in the format of the exporter-toolkit's web configuration."""
