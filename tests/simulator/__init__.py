"""The simulator of Hermes, against homes that a real one wrote."""
