"""The operations, one module per family; importing this package fills the table of `idp.api.registry`."""

from importlib import import_module
from pkgutil import iter_modules

# Every module in this folder is a family: a new one needs no second place to be named in.
FAMILIES = tuple(import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
