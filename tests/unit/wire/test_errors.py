"""The tree of errors: codes, words, and the way over the wire."""

from __future__ import annotations

import pickle
import re

import pytest

from samelight_wire import errors
from samelight_wire.errors import SamelightError, codes, from_wire
from samelight_wire.frames import decode, encode
from samelight_wire.messages import ErrorReply

CLASSES = sorted(codes().values(), key=lambda each: each.code)


def test_every_class_has_a_code_of_its_own() -> None:
    defined = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, SamelightError)]
    assert set(codes().values()) == set(defined)
    assert len({each.code for each in defined}) == len(defined) == len(errors.__all__) - 2


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    lines = re.findall(r"^    ([│├└─ ]*)(\w+) +([a-z-]+)$", errors.__doc__ or "", re.MULTILINE)
    drawn = {name: (code, len(indent) // 4) for indent, name, code in lines}
    depth = {each: len(each.__mro__) - len(SamelightError.__mro__) for each in CLASSES}
    assert drawn == {each.__name__: (each.code, depth[each]) for each in CLASSES}


@pytest.mark.parametrize("error_class", CLASSES, ids=lambda each: each.code)
def test_every_class_speaks_in_sentences(error_class: type[SamelightError]) -> None:
    assert re.fullmatch(r"[A-Z].*\.", error_class.message)
    assert not error_class.hint or error_class.hint.endswith(".")
    assert str(error_class()) == error_class.message
    assert error_class.__name__ in errors.__all__


@pytest.mark.parametrize("error_class", CLASSES, ids=lambda each: each.code)
def test_an_error_comes_back_as_its_class_with_its_words(error_class: type[SamelightError]) -> None:
    reply = ErrorReply.from_error(error_class("It went wrong.", "Do that."), "job")
    error = reply.error()
    assert type(error) is error_class
    assert (error.code, error.message, error.hint, str(error)) == (
        error_class.code,
        "It went wrong.",
        "Do that.",
        "It went wrong.",
    )


def test_an_unknown_code_is_kept() -> None:
    error = from_wire("from-the-future", "New trouble.", "Update.")
    assert type(error) is SamelightError
    assert (error.code, error.message, error.hint) == ("from-the-future", "New trouble.", "Update.")


def test_an_empty_hint_is_not_replaced_by_the_default() -> None:
    assert from_wire("internal", "Oh.", "").hint == ""


def test_a_message_of_any_length_fits_into_a_reply() -> None:
    reply = ErrorReply.from_error(SamelightError("x" * 100_000, "y" * 100_000))
    assert ErrorReply.from_fields(reply.to_fields()) == reply


def test_a_file_name_that_is_not_unicode_fits_into_a_reply() -> None:
    reply = decode(encode(ErrorReply.from_error(SamelightError('There is no file "a\udcff.png".'))))
    assert isinstance(reply, ErrorReply)
    assert reply.message == r'There is no file "a\udcff.png".'


def test_errors_survive_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(errors.EmptyMaskError("Empty.", "Paint.")))  # noqa: S301  # our own bytes
    assert (type(error), error.message, error.hint) == (errors.EmptyMaskError, "Empty.", "Paint.")
