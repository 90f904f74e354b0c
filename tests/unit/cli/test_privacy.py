"""What `samelight doctor --report` tells to strangers."""

from __future__ import annotations

import shlex
import unicodedata
from pathlib import Path

import pytest

from samelight.cli.checks import privacy
from samelight.cli.checks.privacy import Privacy, PrivateFacts, shorten_home
from samelight_installer.editors import Editor

HOMES = [
    "/home/anna",
    "/home/Anna O'Brien (x)+[é]$",
    "/home/two\nlines",
    "/home/not\udcff\udcfetext",
    "/home/a|b.*?",
    "/usr/anna",
    "C:\\Users\\Anna Müller",
    "\\\\server\\homes\\anna",
    "/Users/anna müller",
]


@pytest.mark.parametrize("home", HOMES)
def test_a_home_is_never_named(home: str) -> None:
    slash = "\\" if "\\" in home else "/"
    private = Privacy(PrivateFacts(homes=(home,)))
    for text in (
        f"{home}{slash}.config{slash}samelight{slash}config.toml",
        f"cannot read {home}{slash}.config{slash}samelight{slash}config.toml: it is damaged",
        f"OSError: [Errno 2] No such file: {f'{home}{slash}Clients{slash}ACME{slash}wedding.kra'!r}",
        " ".join(f"the folder {home}, which is {home}".split()),
        f"{home.replace(chr(92), '/')}/.config/samelight",
        unicodedata.normalize("NFD", f"{home}{slash}Clients"),
        f"{home.upper()}{slash}Clients",
        f"Run `chmod go-rwx {shlex.quote(f'{home}{slash}.config{slash}samelight')}`, then go on",
    ):
        said = private(text)
        for name in ("anna", "Anna", "ANNA", "Brien", "lines", "LINES", "text", "ACME", "Clients", "wedding", "server"):
            assert name not in said, said
        assert "~" in said
    assert private(f"see {home}{slash}.config{slash}samelight{slash}config.toml.").startswith(
        "see ~/.config/samelight/"
    )


def test_a_path_beside_the_home_is_not_taken_for_it() -> None:
    private = Privacy(PrivateFacts(homes=("/home/ann",)))
    assert private("/home/annabel/.config/samelight") == "…/.config/samelight"
    assert private("/home/ann") == "~"


def test_a_command_that_is_shown_can_be_copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert shorten_home(f"see {tmp_path}/run.") == "see ~/run."
    assert shorten_home(f"chmod go-rwx '{tmp_path}/a b'") == f"chmod go-rwx '{tmp_path}/a b'"


@pytest.mark.parametrize("home", ["/", "", "relative", "."])
def test_a_home_that_says_nothing_replaces_nothing(home: str) -> None:
    private = Privacy(PrivateFacts(homes=(home,)))
    assert private("3.2 GB free, on cpu/cuda: and/or; see /usr/bin/python3") == (
        "3.2 GB free, on cpu/cuda: and/or; see /usr/bin/python3"
    )
    assert private("/clients/acme/samelight/run/connection.json") == "…/samelight/run/connection.json"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/mnt/acme/film/weights/hdnet.safetensors is damaged", "…/weights/hdnet.safetensors is damaged"),
        ("D:\\Projects\\Secret\\samelight\\run\\connection.json", "…/samelight/run/connection.json"),
        ("\\\\nas\\secret\\weights", "…/weights"),
        ("Others read /mnt/acme/run/connection.json.", "Others read …/run/connection.json."),
        ("~/Clients/ACME/env/bin/samelight daemon", "~/…/env/bin/samelight daemon"),
        ("http://127.0.0.1:5555 and tcp://127.0.0.1:80/x", "http://127.0.0.1:5555 and tcp://127.0.0.1:80/x"),
        ("/usr/lib/python3/dist-packages/gi", "/usr/lib/python3/dist-packages/gi"),
        ("/usrlocal/secret", "…"),
        ('could not read "The Wedding of B.png"', 'could not read "<picture>.png"'),
        ("reads bride.TIFF badly", "reads <picture>.TIFF badly"),
        ("token " + "0af1" * 16, "token <secret>"),
        ("sha256 ac2102834ac5…", "sha256 ac2102834ac5…"),
        ("on gerda's machine zeus.example.net (zeus)", "on <name>'s machine <name> (<name>)"),
        ("from https://ada:pass%20word@wheels.example/simple", "from https://<secret>@wheels.example/simple"),
        ("zeussian is another word", "zeussian is another word"),
        ("in /data/with space/samelight/env/bin", "in …/samelight/env/bin"),
    ],
)
def test_what_is_left_of_a_text(text: str, expected: str) -> None:
    facts = PrivateFacts(
        homes=("/home/someone",), paths=("/data/with space",), names=("gerda", "zeus", "zeus.example.net")
    )
    assert Privacy(facts)(text) == expected


def test_an_editors_own_folder_is_known_whatever_is_in_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path("/disks/Client X (secret)/krita")
    krita = Editor("Krita", "AppImage", "5.2.9", None, None, folder, folder / "kritarc", folder / "Big Film.appimage")
    monkeypatch.setattr(privacy, "find_editors", lambda: iter([krita]))
    said = Privacy()(f"AppImage {krita.program}, the plugin is in {folder}/pykrita/samelight_krita; ok")
    assert said == "AppImage …/krita/…, the plugin is in …/krita/pykrita/samelight_krita; ok"


def test_secrets_are_taken_out_wherever_they_stand() -> None:
    private = Privacy(PrivateFacts(homes=(), secrets=("not-in-hex-but-secret",)))
    assert private("xnot-in-hex-but-secretx") == "x<secret>x"
