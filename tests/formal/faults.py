"""Planted faults: a component's class with one line of its file changed."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any


def planted(component: type, right: str, wrong: str) -> Any:
    """The component's class from its file's text, in which ``right``, which stands there once, became ``wrong``.

    Raises
    ------
    ValueError
        The text stands there not exactly once: the fault must be written anew.
    """
    module = importlib.import_module(component.__module__)
    text = Path(str(module.__file__)).read_text(encoding="utf-8")
    if text.count(right) != 1:
        raise ValueError(f"{right!r} stands {text.count(right)} times in {component.__module__}, not once")
    broken = ModuleType(f"{component.__module__}_with_a_fault")
    exec(compile(text.replace(right, wrong), broken.__name__, "exec"), broken.__dict__)
    return getattr(broken, component.__name__)
