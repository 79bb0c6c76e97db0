"""The HTTP side: server, routes, status page."""
