"""How the fields of a message are checked, in both directions, one small class for each kind of value.

A dataclass that travels derives from `Record` and names the kind of each of its fields in the field's metadata:

    @dataclass(frozen=True)
    class Progress(Record):
        job: str = field(metadata=wire(Text(64)))
        fraction: float = field(default=0.0, metadata=wire(Real(0.0, 1.0)))

`to_fields` gives the msgpack-able dict, `from_fields` takes one apart: a missing field without default, a wrong type or
a value out of range raises MalformedMessageError that names the field; keys it does not know are ignored, so that a
newer peer may add some. Pixels never stand in that dict: a raster field holds an index into the list of rasters that
travels beside it.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from enum import Enum
from typing import TYPE_CHECKING, Any, Callable, Mapping, Sequence

from .errors import MalformedMessageError, UnsupportedFormatError

if TYPE_CHECKING:  # only type checkers need it, and they bring it along
    from typing_extensions import Self

__all__ = [
    "Choice",
    "Flag",
    "Integer",
    "Kind",
    "ListOf",
    "MapOf",
    "Maybe",
    "Nested",
    "Octets",
    "Plain",
    "RasterIndex",
    "Real",
    "Record",
    "Text",
    "malformed",
    "wire",
]

_LARGEST = 2**63 - 1  # what a msgpack integer can hold


def malformed(name: str, problem: str) -> MalformedMessageError:
    """The error for a field of this name; the problem is a predicate, for instance "is not a number"."""
    return MalformedMessageError(f"A message is damaged: the field '{name}' {problem}.")


class Kind:
    """One kind of value. `pack` and `unpack` differ only where a value looks different on the wire."""

    def check(self, value: Any, name: str) -> Any:
        """The value, if it is of this kind; raises MalformedMessageError that names the field if it is not."""
        raise NotImplementedError

    def pack(self, value: Any, name: str, rasters: list[Any]) -> Any:
        """The value as it stands in the header; a raster is appended to `rasters` instead."""
        return self.check(value, name)

    def unpack(self, value: Any, name: str, rasters: Sequence[Any]) -> Any:
        """The value that stands in the header."""
        return self.check(value, name)


def wire(kind: Kind) -> Mapping[str, Any]:
    """The metadata of a dataclass field that travels as this kind of value."""
    return {"kind": kind}


class Text(Kind):
    """A string of `shortest`..`longest` characters that has a form in UTF-8: half of a surrogate pair has none."""

    def __init__(self, longest: int, shortest: int = 1) -> None:
        self.longest, self.shortest = longest, shortest

    def check(self, value: Any, name: str) -> str:
        """Raise unless it is text of a permitted length."""
        if not isinstance(value, str):
            raise malformed(name, "is not text")
        if not self.shortest <= len(value) <= self.longest:
            raise malformed(name, f"has {len(value)} characters, not {self.shortest} to {self.longest}")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise malformed(name, "is not text in Unicode") from None
        return value


class Octets(Kind):
    """A byte string of `shortest`..`longest` bytes."""

    def __init__(self, longest: int, shortest: int = 1) -> None:
        self.longest, self.shortest = longest, shortest

    def check(self, value: Any, name: str) -> bytes:
        """Raise unless it is a byte string of a permitted length."""
        if not isinstance(value, bytes):
            raise malformed(name, "is not a byte string")
        if not self.shortest <= len(value) <= self.longest:
            raise malformed(name, f"has {len(value)} bytes, not {self.shortest} to {self.longest}")
        return value


class Integer(Kind):
    """A whole number in `low`..`high`; True and False are none."""

    def __init__(self, low: int = 0, high: int = _LARGEST) -> None:
        self.low, self.high = low, high

    def check(self, value: Any, name: str) -> int:
        """Raise unless it is a whole number in range."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise malformed(name, "is not a whole number")
        if not self.low <= value <= self.high:
            raise malformed(name, f"is {value}, not in {self.low}..{self.high}")
        return value


class Real(Kind):
    """A finite number in `low`..`high`."""

    def __init__(self, low: float = -math.inf, high: float = math.inf) -> None:
        self.low, self.high = low, high

    def check(self, value: Any, name: str) -> float:
        """Raise unless it is a finite number in range; gives a float."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise malformed(name, "is not a number")
        if not abs(value) <= sys.float_info.max:  # also for integers too large to become a float, and for NaN
            raise malformed(name, "is not a finite number")
        if not self.low <= value <= self.high:
            raise malformed(name, f"is {value}, not in {self.low}..{self.high}")
        return float(value)


class Flag(Kind):
    """True or False."""

    def check(self, value: Any, name: str) -> bool:
        """Raise unless it is True or False."""
        if not isinstance(value, bool):
            raise malformed(name, "is neither true nor false")
        return value


class Choice(Kind):
    """A member of a string enumeration, which travels as its value.

    A value that is text but no member raises UnsupportedFormatError: a newer peer may know more of them than this
    release.
    """

    def __init__(self, choices: type[Enum]) -> None:
        self.choices = choices

    def check(self, value: Any, name: str) -> Enum:
        """The member that this is the value of."""
        if not isinstance(value, str):
            raise malformed(name, "is not text")
        try:
            return self.choices(value)
        except ValueError:
            known = ", ".join(str(choice.value) for choice in self.choices)
            raise UnsupportedFormatError(
                f"The {name} '{value[:32]}' is not known (known: {known}).",
                "Update Samelight, or convert the layer to a common format.",
            ) from None

    def pack(self, value: Any, name: str, rasters: list[Any]) -> Any:
        """Its value."""
        return self.check(value, name).value


class Maybe(Kind):
    """Another kind of value, or None."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def check(self, value: Any, name: str) -> Any:
        """None, or what the other kind makes of it."""
        return None if value is None else self.kind.check(value, name)

    def pack(self, value: Any, name: str, rasters: list[Any]) -> Any:
        """None, or what stands in the header for it."""
        return None if value is None else self.kind.pack(value, name, rasters)

    def unpack(self, value: Any, name: str, rasters: Sequence[Any]) -> Any:
        """None, or what the header's value stands for."""
        return None if value is None else self.kind.unpack(value, name, rasters)


class ListOf(Kind):
    """At most `longest` values of one kind."""

    def __init__(self, kind: Kind, longest: int = 256) -> None:
        self.kind, self.longest = kind, longest

    def check(self, value: Any, name: str) -> list[Any]:
        """A new list of what the kind makes of each entry."""
        if not isinstance(value, (list, tuple)):
            raise malformed(name, "is not a list")
        if len(value) > self.longest:
            raise malformed(name, f"has {len(value)} entries, more than {self.longest}")
        return [self.kind.check(entry, f"{name}[{i}]") for i, entry in enumerate(value)]


class MapOf(Kind):
    """At most `longest` values of one kind, each under a text key."""

    def __init__(self, kind: Kind, longest: int = 256) -> None:
        self.kind, self.longest = kind, longest
        self.key = Text(128)

    def check(self, value: Any, name: str) -> dict[str, Any]:
        """A new dict of what the kind makes of each entry."""
        return self._each(value, name, self.kind.check)

    def pack(self, value: Any, name: str, rasters: list[Any]) -> dict[str, Any]:
        """A new dict of what stands in the header for each entry."""
        return self._each(value, name, lambda entry, key: self.kind.pack(entry, key, rasters))

    def unpack(self, value: Any, name: str, rasters: Sequence[Any]) -> dict[str, Any]:
        """A new dict of what each of the header's entries stands for."""
        return self._each(value, name, lambda entry, key: self.kind.unpack(entry, key, rasters))

    def _each(self, value: Any, name: str, treat: Callable[[Any, str], Any]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise malformed(name, "is not a map")
        if len(value) > self.longest:
            raise malformed(name, f"has {len(value)} entries, more than {self.longest}")
        return {self.key.check(key, name + " (a key)"): treat(entry, f"{name}.{key}") for key, entry in value.items()}


class Plain(Kind):
    """None, a flag, a number, text, or lists and maps of them, nested at most `depth` deep."""

    def __init__(self, depth: int = 4) -> None:
        self.depth = depth

    def check(self, value: Any, name: str) -> Any:
        """Raise unless it is plain all the way down."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return Integer(-_LARGEST).check(value, name)
        if isinstance(value, float):
            return Real().check(value, name)
        if isinstance(value, str):
            return Text(4096, shortest=0).check(value, name)
        return self._container(value, name)

    def _container(self, value: Any, name: str) -> Any:
        if self.depth == 0:
            raise malformed(name, "is nested too deep")
        if isinstance(value, dict):
            return MapOf(Plain(self.depth - 1)).check(value, name)
        return ListOf(Plain(self.depth - 1)).check(value, name)


class RasterIndex(Kind):
    """A raster: in the message the raster itself, in the header its place in the list of rasters beside it."""

    def __init__(self, raster_class: type) -> None:
        self.raster_class = raster_class

    def check(self, value: Any, name: str) -> Any:
        """Raise unless it is a raster."""
        if not isinstance(value, self.raster_class):
            raise malformed(name, "is not a raster")
        return value

    def pack(self, value: Any, name: str, rasters: list[Any]) -> int:
        """Its place in the list of rasters, where it is appended."""
        rasters.append(self.check(value, name))
        return len(rasters) - 1

    def unpack(self, value: Any, name: str, rasters: Sequence[Any]) -> Any:
        """The raster at that place."""
        return rasters[Integer(0, len(rasters) - 1).check(value, name)]


class Record:
    """A frozen dataclass that travels: every field has its kind in the metadata. See the module's docstring."""

    def validate(self) -> None:
        """Raise a SamelightError if the fields, each valid by itself, do not fit each other."""

    def to_fields(self, rasters: list[Any] | None = None) -> dict[str, Any]:
        """The msgpack-able dict of this record, checked; rasters are appended to the list given.

        Raises MalformedMessageError that names the field, or what `validate` raises.
        """
        collected: list[Any] = [] if rasters is None else rasters
        packed = {
            each.name: each.metadata["kind"].pack(getattr(self, each.name), each.name, collected)
            for each in dataclasses.fields(self)  # type: ignore[arg-type]  # every subclass is a dataclass
        }
        self.validate()
        return packed

    @classmethod
    def from_fields(cls, fields: Any, rasters: Sequence[Any] = (), prefix: str = "") -> Self:
        """The record that a dict describes; raises as `to_fields` does, with `prefix` before the names of fields."""
        if not isinstance(fields, dict):
            raise malformed(prefix.rstrip(".") or cls.__name__, "is not a map")
        values = {}
        for each in dataclasses.fields(cls):  # type: ignore[arg-type]
            if each.name in fields:
                values[each.name] = each.metadata["kind"].unpack(fields[each.name], prefix + each.name, rasters)
            elif each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING:
                raise malformed(prefix + each.name, "is missing")
        record = cls(**values)
        record.validate()
        return record


class Nested(Kind):
    """A record inside a record; it travels as a map."""

    def __init__(self, record_class: type[Record]) -> None:
        self.record_class = record_class

    def check(self, value: Any, name: str) -> Record:
        """Raise unless it is a record of the class."""
        if not isinstance(value, self.record_class):
            raise malformed(name, "is not of the type " + self.record_class.__name__)
        return value

    def pack(self, value: Any, name: str, rasters: list[Any]) -> Any:
        """Its map."""
        return self.check(value, name).to_fields(rasters)

    def unpack(self, value: Any, name: str, rasters: Sequence[Any]) -> Record:
        """The record that the map describes."""
        return self.record_class.from_fields(value, rasters, name + ".")
