"""What did the person mean? Text in, a Reading out: rules and word lists only, in English and Spanish."""

from flows.understanding.lexicon import Lexicon
from flows.understanding.read import read
from flows.understanding.reading import PARSERS, Cause, Expecting, Intent, Reading

__all__ = ["PARSERS", "Cause", "Expecting", "Intent", "Lexicon", "Reading", "read"]
