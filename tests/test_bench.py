"""Does every measurement still stand on what is there? None is taken here; each is only opened."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import bench

MODULES = sorted(found.name for found in pkgutil.iter_modules(bench.__path__) if found.name != "__main__")


@pytest.mark.parametrize("name", [*MODULES, "__main__"])
def test_a_measurement_finds_what_it_measures_with(name: str) -> None:
    importlib.import_module(f"bench.{name}")
