"""Decides the conversation. Pure: no clock, dice, network, database, environment, Flask or logging."""
