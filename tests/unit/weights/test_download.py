"""Downloads over lines that break, from servers that lie."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from file_server import FileServer, Handler, breaking_off, file_server, honest, sending, stalling, stating

from samelight.weights import download as downloading
from samelight.weights.download import download
from samelight_wire.errors import DownloadError, InvalidOptionError, OutputError

PAUSES = (0.0, 0.0, 0.0)


class Fetch:
    """Downloads what the server offers, and keeps what was told on the way."""

    def __init__(self, server: FileServer, part: Path) -> None:
        self.server = server
        self.part = part
        self.size = len(server.content)
        self.progress: list[int] = []
        self.reasons: list[str] = []

    def __call__(self, url: str | None = None) -> bytes:
        url = url or self.server.url
        download(url, self.part, self.size, self.progress.append, lambda why, _: self.reasons.append(why), PAUSES)
        return self.part.read_bytes()


@pytest.fixture
def fetch(server: FileServer, tmp_path: Path) -> Fetch:
    return Fetch(server, tmp_path / "sam.pth.part")


def test_downloads_and_tells_how_far(fetch: Fetch, content: bytes) -> None:
    assert fetch() == content
    assert fetch.progress[0] == 0
    assert fetch.progress[-1] == len(content)
    assert fetch.progress == sorted(fetch.progress)
    assert fetch.server.asked[0]["user-agent"].startswith("samelight/")


def test_goes_on_where_the_line_broke(fetch: Fetch, server: FileServer, content: bytes) -> None:
    server.behaviours = [breaking_off(200_000), breaking_off(300_000)]
    assert fetch() == content
    assert server.ranges == [None, "bytes=200000-", "bytes=500000-"]
    assert [headers.get("if-range") for headers in server.asked] == [None, '"one"', '"one"']
    assert len(fetch.reasons) == 2
    assert "ended before" in fetch.reasons[0]


def test_goes_on_where_an_earlier_run_ended(fetch: Fetch, server: FileServer, content: bytes) -> None:
    fetch.part.write_bytes(content[:123_456])
    assert fetch() == content
    assert server.ranges == ["bytes=123456-"]
    assert "if-range" not in server.asked[0]
    assert fetch.progress[0] == 123_456


def test_asks_nothing_if_everything_is_there(fetch: Fetch, server: FileServer, content: bytes) -> None:
    fetch.part.write_bytes(content)
    assert fetch() == content
    assert server.asked == []


def test_a_part_that_is_too_long_is_begun_anew(fetch: Fetch, server: FileServer, content: bytes) -> None:
    fetch.part.write_bytes(content + b"more")
    assert fetch() == content
    assert server.ranges == [None]


def test_another_version_of_the_file_is_begun_anew(fetch: Fetch, server: FileServer, content: bytes) -> None:
    server.behaviours = [breaking_off(200_000)]
    old, server.content = server.content, bytes(len(content))
    server.behaviours.append(lambda handler: (change(), handler.do_GET())[1])

    def change() -> None:
        server.content, server.etag = old, '"two"'

    assert fetch() == content
    assert fetch.server.asked[-1]["if-range"] == '"one"'


def test_the_rest_of_another_version_is_not_joined_to_the_beginning_of_this_one(
    fetch: Fetch, server: FileServer, content: bytes
) -> None:
    """From a server that does what Range says and does not look at If-Range."""
    server.content = bytes(len(content))

    def go_on_with_the_other(handler: Handler) -> None:
        server.content, server.etag = content, '"two"'
        del handler.headers["If-Range"]
        honest(handler)

    server.behaviours = [breaking_off(200_000), go_on_with_the_other]
    assert fetch() == content
    assert server.ranges == [None, "bytes=200000-", None]
    assert "another version" in fetch.reasons[1]


def test_a_mirror_goes_on_without_the_other_address_s_tag(fetch: Fetch, server: FileServer, content: bytes) -> None:
    server.behaviours = [breaking_off(200_000)] + [sending(503)] * 9
    with pytest.raises(DownloadError):
        fetch()
    server.behaviours = []
    assert fetch(server.url + "?mirror") == content
    assert server.ranges[-1] == "bytes=200000-"
    assert "if-range" not in server.asked[-1]


@pytest.mark.parametrize("etag", [None, 'W/"weak"', '"a\tb'])
def test_goes_on_without_a_usable_tag(fetch: Fetch, server: FileServer, content: bytes, etag: str | None) -> None:
    server.etag = etag
    server.behaviours = [breaking_off(200_000)]
    assert fetch() == content
    assert server.ranges == [None, "bytes=200000-"]
    assert "if-range" not in server.asked[-1]


def test_a_server_that_ignores_ranges_costs_time_only(fetch: Fetch, server: FileServer, content: bytes) -> None:
    fetch.part.write_bytes(content[:300_000])
    server.behaviours = [sending(200, {"Content-Length": str(len(content))}, content)]
    assert fetch() == content
    assert fetch.progress[0] == 300_000


def test_a_log_in_page_takes_nothing_of_what_is_there(fetch: Fetch, server: FileServer, content: bytes) -> None:
    fetch.part.write_bytes(content[:300_000])
    server.behaviours = [sending(200, {"Content-Type": "text/html"}, b"<html>Welcome to the hotel</html>")]
    assert fetch() == content
    assert server.ranges == ["bytes=300000-", "bytes=300000-"]


def test_another_piece_than_the_one_asked_for_is_not_kept(fetch: Fetch, server: FileServer, content: bytes) -> None:
    fetch.part.write_bytes(content[:300_000])
    size = len(content)
    server.behaviours = [sending(206, {"Content-Range": f"bytes 0-99/{size}", "Content-Length": "100"}, content[:100])]
    assert fetch() == content
    assert server.ranges == ["bytes=300000-", None]


def test_a_part_that_the_server_refuses_to_go_on_from_is_begun_anew(
    fetch: Fetch, server: FileServer, content: bytes
) -> None:
    fetch.part.write_bytes(b"x" * 300_000)
    server.behaviours = [sending(416, {"Content-Length": "0"})]
    assert fetch() == content
    assert server.ranges == ["bytes=300000-", None]


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_server_in_trouble_is_asked_again(fetch: Fetch, server: FileServer, content: bytes, status: int) -> None:
    server.behaviours = [sending(status, {"Content-Length": "0"})] * 3
    assert fetch() == content
    assert len(server.asked) == 4
    assert str(status) in fetch.reasons[0]


def test_trouble_without_end_ends_and_keeps_what_came(fetch: Fetch, server: FileServer, content: bytes) -> None:
    server.behaviours = [breaking_off(200_000)] + [sending(500, {"Content-Length": "0"})] * 99
    with pytest.raises(DownloadError, match="500") as caught:
        fetch()
    assert "run the same command again" in caught.value.hint
    assert len(server.asked) == 1 + len(PAUSES) + 1
    assert fetch.part.read_bytes() == content[:200_000]


def test_single_bytes_are_no_progress(fetch: Fetch, server: FileServer) -> None:
    server.behaviours = [breaking_off(1)] * 99
    with pytest.raises(DownloadError):
        fetch()
    assert len(server.asked) == len(PAUSES) + 1


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_no_is_taken_at_once(fetch: Fetch, server: FileServer, status: int) -> None:
    server.behaviours = [sending(status, {"Content-Length": "0"})]
    with pytest.raises(DownloadError, match=f"127.0.0.1 answered {status}") as caught:
        fetch()
    assert "--file" in caught.value.hint
    assert len(server.asked) == 1


def test_a_file_of_another_stated_size_is_refused_unread(fetch: Fetch, server: FileServer) -> None:
    server.behaviours = [stating(Content_Length="999999999")]
    with pytest.raises(DownloadError, match="999999999 bytes"):
        fetch()
    assert not fetch.part.exists()


def test_a_piece_of_a_file_of_another_size_is_refused(fetch: Fetch, server: FileServer, content: bytes) -> None:
    fetch.part.write_bytes(content[:300_000])
    server.behaviours = [stating(Content_Range=f"bytes 300000-{len(content)}/{len(content) + 1}")]
    with pytest.raises(DownloadError, match="700002 bytes"):
        fetch()
    assert fetch.part.read_bytes() == content[:300_000]


def test_more_than_the_file_is_cut_short_and_deleted(fetch: Fetch, server: FileServer, content: bytes) -> None:
    server.behaviours = [sending(200, {}, content * 5)]
    with pytest.raises(DownloadError, match="more than"):
        fetch()
    assert not fetch.part.exists()
    assert max(fetch.progress) <= len(content)


def test_less_than_the_file_without_a_stated_size_is_completed(
    fetch: Fetch, server: FileServer, content: bytes
) -> None:
    server.behaviours = [sending(200, {}, content[:400_000])]
    assert fetch() == content
    assert server.ranges == [None, "bytes=400000-"]


def test_silence_is_a_broken_line(
    fetch: Fetch, server: FileServer, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "TIMEOUT", 0.3)
    server.behaviours = [stalling(100_000)]
    assert fetch() == content
    assert "nothing came" in fetch.reasons[0]


def test_no_http_at_all_is_a_broken_line(fetch: Fetch, server: FileServer, content: bytes) -> None:
    server.behaviours = [lambda handler: handler.wfile.write(b"\0\1\2 nonsense\r\n")]  # type: ignore[list-item,return-value]
    assert fetch() == content
    assert len(fetch.reasons) == 1


def test_nobody_there(fetch: Fetch, tmp_path: Path) -> None:
    with file_server(b"") as gone:
        url = gone.url
    with pytest.raises(DownloadError, match=r"connection to 127\.0\.0\.1 failed"):
        fetch(url)


def test_redirections_are_followed_and_keep_the_range(fetch: Fetch, server: FileServer, content: bytes) -> None:
    fetch.part.write_bytes(content[:300_000])
    server.behaviours = [sending(302, {"Location": "/elsewhere", "Content-Length": "0"})]
    assert fetch() == content
    assert [headers["path"] for headers in server.asked] == ["/sam.pth", "/elsewhere"]
    assert server.ranges[-1] == "bytes=300000-"


def test_redirections_in_a_circle_end(fetch: Fetch, server: FileServer) -> None:
    server.behaviours = [sending(302, {"Location": "/sam.pth", "Content-Length": "0"})] * 999
    with pytest.raises(DownloadError):
        fetch()


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_redirections_lead_nowhere_but_to_the_web(fetch: Fetch, server: FileServer, target: str) -> None:
    server.behaviours = [sending(302, {"Location": target, "Content-Length": "0"})]
    with pytest.raises(DownloadError, match=r"not safe|not allowed"):
        fetch()
    assert not fetch.part.exists()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "sam.pth", "http://", "https://host:port/", "http://a b/"])
def test_what_is_no_address_of_the_web(fetch: Fetch, url: str) -> None:
    with pytest.raises(InvalidOptionError, match="no address"):
        fetch(url)


def test_a_folder_that_cannot_be_written(fetch: Fetch, server: FileServer) -> None:
    fetch.part = fetch.part.parent / "no such folder" / "sam.pth.part"
    with pytest.raises(OutputError, match="cannot be written"):
        fetch()
    assert len(server.asked) == 1


def test_a_proxy_of_the_environment_is_used(
    fetch: Fetch, server: FileServer, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    assert fetch("http://checkpoints.invalid/sam.pth") == content
    assert server.asked[0]["path"] == "http://checkpoints.invalid/sam.pth"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes a certificate for this test, is not installed")
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path, "-out", path]
    subprocess.run([openssl, "req", "-x509", "-days", "2", *key, *subject], check=True, capture_output=True)
    return path


def test_a_certificate_that_nobody_vouches_for_is_refused(fetch: Fetch, certificate: Path, content: bytes) -> None:
    with file_server(content, certificate) as secure, pytest.raises(DownloadError, match="could not prove"):
        fetch(secure.url)
    assert secure.asked == []


def test_no_redirection_from_https_to_http(
    fetch: Fetch, server: FileServer, certificate: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with file_server(content, certificate) as secure:
        assert fetch(secure.url) == content
        fetch.part.unlink()
        secure.behaviours = [sending(302, {"Location": server.url, "Content-Length": "0"})]
        with pytest.raises(DownloadError, match="not safe"):
            fetch(secure.url)
    assert server.asked == []
