"""What the records mean. Pure functions: no I/O and no clock of their own."""
