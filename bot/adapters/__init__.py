"""Speaks to the outside: one adapter a port, each with its fake twin."""
