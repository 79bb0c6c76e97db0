"""The files of deploy/, and what puts them in their place."""
