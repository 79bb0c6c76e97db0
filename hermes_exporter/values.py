"""What the parts of the exporter hand to each other and keep: named fields, made, compared and copied in C.

To define a class of the standard library's ``dataclasses`` takes a hundred times as long, to copy one ten times.
"""

from __future__ import annotations

from typing import dataclass_transform

import msgspec
from msgspec import field
from msgspec.structs import astuple, replace

__all__ = ["Mutable", "Value", "astuple", "field", "replace"]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Value(msgspec.Struct, frozen=True):
    """Something that stays as it is; its fields are the annotations of the class, in their order."""


@dataclass_transform(field_specifiers=(field,))
class Mutable(msgspec.Struct):
    """Something that changes while it is kept; its fields likewise."""
