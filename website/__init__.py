"""How the pages of docs/ become a web site."""
