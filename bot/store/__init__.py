"""Keeps what must not be lost: tables and queries, one aggregate a file."""
