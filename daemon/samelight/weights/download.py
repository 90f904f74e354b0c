"""Downloading one large file of known size over a line that may break: resumed, retried, and bounded.

Nothing is trusted but the size and, later, the hash: servers may break off, ignore or misread what is asked for, or
send another file. What came so far stays in the .part file, so that a later run goes on there.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import time
from collections.abc import Callable, Sequence
from email.message import Message
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from samelight import __version__
from samelight_wire.errors import DownloadError, InvalidOptionError, OutputError

__all__ = ["PAUSES", "download", "forget_part"]

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each new attempt when nothing comes; any progress begins anew with the first."""

TIMEOUT = 30.0  # seconds without a byte
BLOCK = 1 << 18
PROGRESS = 1 << 16  # fewer bytes than these are no progress, so that a server cannot feed us one at a time for ever

# What a server says when asking later may help; all else it says about a file is final.
PASSING_STATUSES = {408, 425, 429, 500, 502, 503, 504}
RANGE_NOT_SATISFIABLE = 416
PARTIAL_CONTENT = 206

OnProgress = Callable[[int], None]
"""Told how many bytes of the file there are."""
OnPause = Callable[[str, float], None]
"""Told what went wrong and for how many seconds we wait before the next attempt."""


class _Passing(Exception):  # noqa: N818  # not an error yet: the next attempt may succeed
    """An attempt ended before the file was complete, in words for the artist."""


def download(
    url: str,
    part: Path,
    size: int,
    on_progress: OnProgress,
    on_pause: OnPause = lambda reason, seconds: None,
    pauses: Sequence[float] = PAUSES,
) -> None:
    """Bring `part` to `size` bytes, beginning with what it holds already. Its content is not checked here.

    Proxies are those of the environment, certificates are verified, and a redirection never leads from https to http.

    Raises:
        InvalidOptionError: the address is none of the web.
        DownloadError: the file cannot be had there, is another, or the line stays broken. What came stays in `part`,
            unless it is no part of the file.
        OutputError: it cannot be written.
    """
    _check_address(url)
    opener = build_opener(_CarefulRedirects)
    failures = 0
    while (before := _size_of(part)) != size:
        if before > size:
            forget_part(part)
            continue
        try:
            _attempt(opener, url, part, size, on_progress)
        except _Passing as error:
            failures = 0 if _size_of(part) >= before + PROGRESS else failures + 1
            if failures > len(pauses):
                raise DownloadError(
                    f"The download stopped: {error}.",
                    "Check the connection to the internet and run the same command again: it goes on where it stopped. "
                    "A file that was downloaded elsewhere is installed with --file.",
                ) from error
            pause = pauses[max(0, failures - 1)] if pauses else 0.0
            on_pause(str(error), pause)
            time.sleep(pause)


def _check_address(url: str) -> None:
    """Raises InvalidOptionError where this cannot be the address of a file on the web."""
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        right = False
    if not right or not url.isprintable() or " " in url:
        raise InvalidOptionError(f"'{url}' is no address of the web.", "Begin with https://, or use --file for a file.")


def forget_part(part: Path) -> None:
    """Delete an unfinished download, so that the next one begins anew."""
    for path in (part, _validator_path(part)):
        path.unlink(missing_ok=True)


def _attempt(opener: OpenerDirector, url: str, part: Path, size: int, on_progress: OnProgress) -> None:
    """One request, and reading its answer to the end.

    Raises:
        _Passing: the file is not complete, but another attempt may help.
        DownloadError, OutputError: it cannot help.
    """
    have = _size_of(part)
    try:
        with opener.open(_request(url, part, have), timeout=TIMEOUT) as answer:
            begin = _begin_of(answer, part, have, size)
            keep = _keep_of(answer.headers, part, url, begin, have)
            _write_validator(part, url, answer.headers)
            _read_into(part, answer, begin, keep, size, on_progress)
    except HTTPError as error:
        error.close()
        if error.code == RANGE_NOT_SATISFIABLE:
            forget_part(part)  # what we hold is nothing that the server knows
        elif error.code not in PASSING_STATUSES:
            raise _refused(url, error) from error
        raise _Passing(f"the server answered {error.code} {error.reason}".rstrip()) from error
    except (URLError, http.client.HTTPException, OSError) as error:
        raise _line_broken(url, error) from error
    if _size_of(part) < size:
        raise _Passing("the connection ended before the file was complete")


def _request(url: str, part: Path, have: int) -> Request:
    """What to ask: the file, or the rest of it, if it is still the file that the beginning is of."""
    headers = {"User-Agent": f"samelight/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        validator = _read_validator(part, url)
        if validator:
            headers["If-Range"] = validator
    return Request(url, headers=headers)  # noqa: S310  # the scheme was checked


def _begin_of(answer: http.client.HTTPResponse, part: Path, have: int, size: int) -> int:
    """Where in the file the answer begins: at `have`, or at 0 where the server ignores that.

    Raises:
        DownloadError: it is a file of another size.
        _Passing: it is a piece that we did not ask for.
    """
    if answer.status != PARTIAL_CONTENT:
        _check_size(answer.headers.get("Content-Length"), size)
        return 0
    piece = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
    if piece is None or int(piece[1]) != have:
        forget_part(part)
        raise _Passing("the server sent another piece of the file than the one asked for")
    _check_size(piece[2] if piece[2] != "*" else None, size)
    return have


def _keep_of(headers: Message, part: Path, url: str, begin: int, have: int) -> int:
    """How much of what we hold belongs to the file of the answer: all of our `have` bytes or, of another version, none.

    Raises: _Passing where the answer is the rest of another version, whose beginning we do not hold.
    """
    if not _is_another(headers, part, url):
        return have
    if begin:
        forget_part(part)
        raise _Passing("the server went on with another version of the file")
    return 0


def _check_size(stated: str | None, size: int) -> None:
    """Raises DownloadError where a server states another size than the published one."""
    if stated is not None and (not stated.isdigit() or int(stated) != size):
        raise DownloadError(
            f"The server offers another file: it states {stated} bytes, the published file has {size}.",
            "Check the address; without --url the one that the file's makers published is used.",
        )


def _read_into(
    part: Path, answer: http.client.HTTPResponse, begin: int, keep: int, size: int, on_progress: OnProgress
) -> None:
    """Write the answer as it comes behind the first `keep` bytes of `part`; `begin` is where in the file it begins.

    A server that cannot begin in the middle (0 = begin < keep) sends again what we hold. That is passed over instead of
    written, so that an answer that is none, such as a hotel's log-in page, costs nothing of a long download.

    Raises:
        DownloadError: more comes than the file has; what came is deleted.
        OutputError: it cannot be written.
        OSError, http.client.HTTPException: the line broke.
    """
    at = begin
    with _open_part(part, keep) as file:
        on_progress(keep)
        while block := answer.read1(BLOCK):  # what has come, however little
            known = max(0, keep - at)
            at += len(block)
            if at > size:
                break
            _write(file, block[known:], part)
            on_progress(max(at, keep))
    if at > size:
        forget_part(part)
        raise DownloadError(
            f"The server sent more than the {size:,} bytes of the published file; what came was deleted.",
            "Check the address; without --url the one that the file's makers published is used.",
        )


def _open_part(part: Path, keep: int) -> IO[bytes]:
    """The file to append to, cut to its first `keep` bytes."""
    try:
        part.touch(0o644)
        os.truncate(part, keep)
        return part.open("ab", buffering=0)
    except OSError as error:
        raise _unwritable(part, error) from error


def _write(file: IO[bytes], block: bytes, part: Path) -> None:
    try:
        rest = memoryview(block)
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise _unwritable(part, error) from error


def _unwritable(part: Path, error: OSError) -> OutputError:
    return OutputError(
        f'"{part}" cannot be written: {error.strerror}.',
        "Check that its folder is writable and has free space, then run the same command again: it goes on.",
    )


def _refused(url: str, error: HTTPError) -> DownloadError:
    """A server's final no."""
    return DownloadError(
        f"{urlsplit(url).hostname} answered {error.code} {error.reason}".rstrip() + ": the file cannot be had there.",
        "Download it elsewhere and name it with --file, or name another address with --url.",
    )


def _line_broken(url: str, error: Exception) -> Exception:
    """What to make of a failure below HTTP: a certificate is final, everything else may pass."""
    reason = error.reason if isinstance(error, URLError) else error
    host = urlsplit(url).hostname
    if isinstance(reason, ssl.SSLCertVerificationError):
        return DownloadError(
            f"{host} could not prove that it is {host} ({reason.verify_message}), so nothing was downloaded.",
            "Check the computer's clock and certificates, or download the file elsewhere and name it with --file.",
        )
    if isinstance(reason, TimeoutError):
        return _Passing(f"nothing came from {host} for {TIMEOUT:.0f} seconds")
    words = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return _Passing(f"the connection to {host} failed ({words})")


class _CarefulRedirects(HTTPRedirectHandler):
    """Follows redirections, but to the web alone, and not from an encrypted address to one that is not."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        """The request to follow with; see the base class."""
        scheme = urlsplit(newurl).scheme
        if scheme not in ("http", "https") or (req.type == "https" and scheme != "https"):
            raise DownloadError(
                f"{req.host} sends us on to an address that is not safe, {newurl}; nothing was taken from there.",
                "Name another address with --url.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _size_of(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def _validator_path(part: Path) -> Path:
    """Beside an unfinished download: which version of the file at which address it is of."""
    return part.with_name(part.name + ".json")


def _is_another(headers: Message, part: Path, url: str) -> bool:
    """Whether the address has another version of the file now than the one that we hold the beginning of."""
    noted = _read_validator(part, url)
    return noted is not None and headers.get("ETag", noted) != noted


def _read_validator(part: Path, url: str) -> str | None:
    """The entity tag that the address gave with the beginning; None where it gave none, or another address did."""
    try:
        noted = json.loads(_validator_path(part).read_text("utf-8"))
        return str(noted["etag"]) if noted["url"] == url else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write_validator(part: Path, url: str, headers: Message) -> None:
    """Note the entity tag, if there is a strong one: a weak one does not promise the same bytes."""
    etag = headers.get("ETag", "")
    path = _validator_path(part)
    try:
        if re.fullmatch(r'"[^"\r\n]*"', etag):
            path.write_text(json.dumps({"url": url, "etag": etag}), encoding="utf-8")
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error
