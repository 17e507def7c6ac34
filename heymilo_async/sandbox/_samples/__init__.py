"""
The samples, one module each, found by being here: what each resource of the API looks like.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, Final

from .._sample import Sample

SAMPLES: Final[tuple[Sample[Any], ...]] = tuple(
    importlib.import_module(f"{__name__}.{module.name}").SAMPLE
    for module in pkgutil.iter_modules(__path__)
)
