"""The Grafana dashboards as code; ``python -m dashboards.src`` writes their JSON. Grafana 10.4 and newer."""
