"""Commands that are more than a call of what serves."""
