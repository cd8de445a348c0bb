"""DVC's lock, read and written by libyaml.

After each stage DVC reads dvc.lock whole and writes it anew, in pure Python, so as to keep comments
that a lock never has: one to two seconds a stage. `use_fast_lock` does the same by libyaml while it
lasts. The bytes are DVC's, but for text of several lines, commands of over 80 characters and
characters beyond the first 65,536, which a lock has only where params.yaml has; what is read back
is always the same. Files with comments, such as dvc.yaml, stay with DVC.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar, TextIO

import yaml
from ruamel.yaml.resolver import implicit_resolvers

LOCK = "dvc.lock"


class _LockDumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Mappings in their own order, and nothing where a value is null, as DVC writes them. What
    text needs quotes is decided by YAML 1.2, by which DVC reads: 1e3 is a number there."""

    yaml_implicit_resolvers: ClassVar[dict] = {}


MAP, FLOAT, NULL = (f"tag:yaml.org,2002:{name}" for name in ("map", "float", "null"))
_LockDumper.add_representer(
    OrderedDict, lambda dumper, data: dumper.represent_mapping(MAP, data.items())
)
_LockDumper.add_representer(
    float, lambda dumper, value: dumper.represent_scalar(FLOAT, repr(value))
)
for versions, tag, pattern, first in implicit_resolvers:
    if (1, 2) in versions:
        _LockDumper.add_implicit_resolver(tag, pattern, first)
_LockDumper.add_representer(type(None), lambda dumper, _: dumper.represent_scalar(NULL, ""))


def write_lock(data: dict, stream: TextIO) -> None:
    """Write the content of a lock as DVC does."""
    form: dict[str, Any] = {
        "default_flow_style": False,
        "sort_keys": False,
        "allow_unicode": True,
        "width": 80,
    }
    yaml.dump(data, stream, _LockDumper, **form)


@contextmanager
def use_fast_lock() -> Iterator[None]:
    """While it lasts, DVC in this process reads and writes dvc.lock by libyaml."""
    from dvc import dvcfile
    from dvc.utils.serialize._common import _modify_data
    from dvc.utils.serialize._yaml import parse_yaml

    slow = dvcfile.modify_yaml

    def modify(path: Any, fs: Any = None) -> AbstractContextManager[dict]:
        if str(path).endswith(LOCK):
            return _modify_data(path, parse_yaml, write_lock, fs=fs)
        return slow(path, fs=fs)

    dvcfile.modify_yaml = modify
    try:
        yield
    finally:
        dvcfile.modify_yaml = slow
