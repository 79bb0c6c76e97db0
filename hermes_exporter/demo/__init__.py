"""A made-up Hermes home that lives, or breaks in one of the ways that the conditions name."""
