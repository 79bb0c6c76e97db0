"""The dashboards: their form, their queries, and whether Grafana's own schema takes them."""
