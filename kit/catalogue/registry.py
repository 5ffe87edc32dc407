"""Every read and every resource type there is: one module each, found by walking two packages."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Annotated, Any, TypeVar, Union, get_args

from pydantic import Field, TypeAdapter

import kit.reads
import kit.resources
from kit.model.platform import Platform
from kit.model.read import Read
from kit.model.setting import Setting

T = TypeVar("T")


def _classes(package: ModuleType, base: type[T]) -> Iterator[type[T]]:
    """Concrete subclasses of ``base`` defined in the modules of ``package``, sorted by module."""
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for _name, found in sorted(inspect.getmembers(module, inspect.isclass)):
            own = found.__module__ == module.__name__
            if own and issubclass(found, base) and not inspect.isabstract(found):
                yield found


@cache
def reads() -> Mapping[str, Read]:
    """Read id -> its one instance."""
    return {found.id: found() for found in _classes(kit.reads, Read)}  # type: ignore[type-abstract]


@cache
def setting_types() -> Mapping[str, type[Setting]]:
    """``type`` word of the YAML -> class."""
    found = _classes(kit.resources, Setting)  # type: ignore[type-abstract]
    return {get_args(one.model_fields["type"].annotation)[0]: one for one in found}


@cache
def owned_files(platform: Platform) -> Mapping[str, tuple[str, type[Setting]]]:
    """Path of each file a type owns -> ``type`` word and class."""
    return {
        path: (name, kind)
        for name, kind in setting_types().items()
        for path in kind.owns.get(platform, ())
    }


@cache
def setting_adapter() -> TypeAdapter[Any]:
    """Validates the data of any setting, told apart by ``type``."""
    types = tuple(setting_types().values())
    if len(types) == 1:
        return TypeAdapter(types[0])
    union: Any = Annotated[Union[types], Field(discriminator="type")]  # noqa: UP007
    return TypeAdapter(union)
