"""Python imports this by itself at the start of every process that is given this folder: there the points are armed."""

import tests.proof.armed  # noqa: F401
