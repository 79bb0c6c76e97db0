"""What becomes of the exporter when its own host is at fault."""
