"""How does a database that is already out there become the one the tables describe? One numbered step at a time.

Change a table in its aggregate, then `python -m bot.store.migrations "what changes"`, read what it wrote, and
`ruff format` it. Steps import nothing of the tables: they must still run when the tables have moved on.
"""
