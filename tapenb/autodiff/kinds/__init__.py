"""The language of rules: the kinds that there are, and the registry of who has which."""
