"""The exporter's cost beside that of its peers, on real units; prints tables and asserts nothing."""
