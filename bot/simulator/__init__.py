"""A carrier on loopback: Twilio's REST, signed webhooks, simulated phones. Started by `python -m bot.simulator`.

It knows nothing of the line it carries texts for: they share only the settings and the count of segments. It signs with
the SDK's own `RequestValidator`, so that its signatures are the real ones.
"""
