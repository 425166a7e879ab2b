"""How the outside asks: HTTP in, domain verbs, HTTP out. Holds no SQL and no rule of the domain."""
