"""Every field of every message is checked, and the error names it."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from samelight_wire import messages as module
from samelight_wire.errors import (
    MalformedMessageError,
    NoBackdropError,
    SamelightError,
    SizeMismatchError,
    UnsupportedFormatError,
)
from samelight_wire.formats import Layout, Raster, Rect
from samelight_wire.messages import (
    KINDS,
    HarmonizeRequest,
    Message,
    Options,
    PreviewRequest,
    Result,
    StatusReply,
)

from .samples import flat_request, layer_request, messages, raster

ALL = messages()


def names(message: Any) -> str:
    return type(message).__name__ if isinstance(message, Message) else str(message)


FIELDS = [(message, field) for message in ALL for field in dataclasses.fields(message)]  # type: ignore[arg-type]


def test_the_samples_cover_every_message() -> None:
    assert {type(message) for message in ALL} == set(KINDS.values())
    assert all(KINDS[message.KIND] is type(message) for message in ALL)


@pytest.mark.parametrize("message", ALL, ids=names)
def test_round_trip(message: Message) -> None:
    rasters: list[Raster] = []
    fields = message.to_fields(rasters)
    assert type(message).from_fields(fields, rasters) == message


@pytest.mark.parametrize("message", ALL, ids=names)
def test_unknown_keys_are_ignored(message: Message) -> None:
    rasters: list[Raster] = []
    fields = message.to_fields(rasters)
    fields["from_a_newer_peer"] = {"anything": [1, 2, 3]}
    if "options" in fields:
        fields["options"]["grain"] = 0.5
    assert type(message).from_fields(fields, rasters) == message


@pytest.mark.parametrize(("message", "field"), FIELDS, ids=lambda each: getattr(each, "name", names(each)))
def test_a_missing_field_is_named_or_has_a_default(message: Message, field: dataclasses.Field[Any]) -> None:
    rasters: list[Raster] = []
    fields = message.to_fields(rasters)
    del fields[field.name]
    if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
        with pytest.raises(MalformedMessageError, match=f"'{field.name}' is missing"):
            type(message).from_fields(fields, rasters)
    elif field.name not in ("backdrop", "backdrop_rect", "selection", "selection_rect"):  # these need each other
        type(message).from_fields(fields, rasters)


@pytest.mark.parametrize(
    "wrong", [object(), math.nan, {"model": object()}, [b"x"], b"", -1, 10**400], ids=lambda each: str(each)[:12]
)
@pytest.mark.parametrize(("message", "field"), FIELDS, ids=lambda each: getattr(each, "name", names(each)))
def test_a_wrong_value_is_named(message: Message, field: dataclasses.Field[Any], wrong: object) -> None:
    rasters: list[Raster] = []
    fields = message.to_fields(rasters)
    fields[field.name] = wrong
    with pytest.raises(MalformedMessageError, match=field.name):
        type(message).from_fields(fields, rasters)
    with pytest.raises(MalformedMessageError, match=field.name):
        dataclasses.replace(message, **{field.name: wrong}).to_fields()  # type: ignore[type-var]


@pytest.mark.parametrize("fields", [None, [], "job", 1, b"map"], ids=repr)
def test_fields_that_are_no_map_are_refused(fields: object) -> None:
    with pytest.raises(MalformedMessageError, match="not a map"):
        StatusReply.from_fields(fields)


@pytest.mark.parametrize("strength", [math.nan, math.inf, -math.inf, -0.01, 1.01, "1", None, True])
def test_strength_is_a_finite_number_from_0_to_1(strength: Any) -> None:
    with pytest.raises(MalformedMessageError, match="strength"):
        PreviewRequest("a", "b", strength).to_fields()
    with pytest.raises(MalformedMessageError, match=r"options\.strength"):
        HarmonizeRequest.from_fields({**_fields(flat_request()), "options": {"strength": strength}}, _rasters())


@pytest.mark.parametrize("colour", [math.nan, -0.01, 1.01, "1", None, True])
def test_the_share_of_colour_is_a_finite_number_from_0_to_1(colour: Any) -> None:
    with pytest.raises(MalformedMessageError, match="colour"):
        PreviewRequest("a", "b", 1.0, colour).to_fields()
    with pytest.raises(MalformedMessageError, match=r"options\.colour"):
        HarmonizeRequest.from_fields({**_fields(flat_request()), "options": {"colour": colour}}, _rasters())


def test_clients_that_know_nothing_of_colour_get_all_of_it() -> None:
    assert Options.from_fields({"strength": 0.5}).colour == 1.0
    assert PreviewRequest.from_fields({"job": "a", "of": "b", "strength": 0.5}, []).colour == 1.0


@pytest.mark.parametrize("strength", [0, 1, 0.5])
def test_strength_may_be_any_kind_of_number(strength: float) -> None:
    assert Options.from_fields({"strength": strength}) == Options(strength=float(strength))


@pytest.mark.parametrize("job", ["", "x" * 65, 1, None, b"job", "\udcff"])
def test_a_job_has_a_name(job: Any) -> None:
    with pytest.raises(MalformedMessageError, match="job"):
        layer_request(job).to_fields()


def _fields(message: Message) -> dict[str, Any]:
    return message.to_fields([])


def _rasters() -> list[Raster]:
    rasters: list[Raster] = []
    flat_request().to_fields(rasters)
    return rasters


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"layer_rect": Rect(0, 0, 2, 2)}, SizeMismatchError, "layer has 3 x 2 pixels.*has 2 x 2"),
        ({"selection_rect": Rect(0, 0, 1, 1)}, SizeMismatchError, "selection"),
        ({"layer_mask": raster(2, 2, Layout.MASK)}, SizeMismatchError, "layer mask"),
        ({"layer": raster(layout=Layout.MASK)}, UnsupportedFormatError, "layer cannot be a mask"),
        ({"backdrop": raster(layout=Layout.MASK)}, UnsupportedFormatError, "backdrop cannot be a mask"),
        ({"selection": raster(5, 1)}, UnsupportedFormatError, "selection has to be a mask.*bgra"),
        ({"layer_mask": raster()}, UnsupportedFormatError, "layer_mask has to be a mask"),
        ({"backdrop_rect": None}, MalformedMessageError, "backdrop_rect"),
        ({"selection_rect": None}, MalformedMessageError, "selection_rect"),
        ({"backdrop": None}, MalformedMessageError, "backdrop_rect"),
        (
            {"backdrop": None, "backdrop_rect": None, "selection": None, "selection_rect": None},
            NoBackdropError,
            "nothing below the layer and nothing is selected",
        ),
    ],
)
def test_fields_that_do_not_fit_each_other(changes: Any, error: type[SamelightError], words: str) -> None:
    with pytest.raises(error, match=words):
        layer_request(**changes).to_fields()


def test_a_small_backdrop_may_stand_for_a_large_part_of_the_canvas() -> None:
    request = layer_request(backdrop_rect=Rect(-50, -50, 8000, 6000))
    rasters: list[Raster] = []
    assert HarmonizeRequest.from_fields(request.to_fields(rasters), rasters) == request


def test_a_result_fills_its_rectangle() -> None:
    with pytest.raises(SizeMismatchError):
        Result("job", raster(), Rect(0, 0, 1, 1), "hdnet").to_fields()


@pytest.mark.parametrize(
    "reasons", [{"a": {"b": {"c": {"d": {"e": {}}}}}}, {"a": [[[[[1]]]]]}, {"a": b"bytes"}, {1: 2}]
)
def test_reasons_are_plain_and_shallow(reasons: Any) -> None:
    with pytest.raises(MalformedMessageError, match="reasons"):
        Result("job", raster(), Rect(0, 0, 3, 2), "hdnet", {}, reasons).to_fields()


def test_a_raster_index_has_to_exist() -> None:
    for index in (-1, 99, True, 1.0, None):
        with pytest.raises(MalformedMessageError, match="layer"):
            HarmonizeRequest.from_fields({**_fields(flat_request()), "layer": index}, _rasters())


def test_jobs_have_names_of_their_own() -> None:
    assert len({module.new_job() for _ in range(1000)}) == 1000
