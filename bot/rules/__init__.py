"""Decides beside the conversation. Pure: imports nothing of ours but values of flows."""
