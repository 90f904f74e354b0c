"""Explanations through a real daemon, and the segmentation that a second request finds done."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import numpy as np
from daemon_harness import ROOT, Home, RawClient, Requests, RunningDaemon, a_layer
from PIL import Image

from samelight_wire.formats import Depth, Layout
from samelight_wire.messages import ErrorReply, PreviewRequest, Result, new_job

Start = Callable[..., RunningDaemon]
Connect = Callable[..., RawClient]


def result(raw: RawClient, job: str) -> Result:
    answer = raw.answer(job)
    assert isinstance(answer, Result), answer
    return answer


def test_a_second_request_finds_the_backdrop_segmented(start: Start, connect: Connect, requests: Requests) -> None:
    raw = connect(start())
    backdrop = a_layer(640, 480)
    first, second = (requests.layered(a_layer(*size), backdrop, explain=True) for size in ((320, 240), (320, 240)))
    results = []
    for request in (first, second):
        raw.send(request)
        results.append(result(raw, request.job))
    assert "segment" in raw.stages(first.job)
    assert "segment" in raw.stages(second.job)
    assert [each.reasons["segmentation_cached"] for each in results] == [False, True]
    assert results[0].reasons["segmenter"] == "regions"
    assert all(each.seconds["segment"] >= 0 for each in results)


def test_explanations_travel_only_where_they_are_asked_for(raw: RawClient, requests: Requests) -> None:
    asked, plain = requests.layered(explain=True), requests.layered()
    for request in (asked, plain):
        raw.send(request)
    pictures = result(raw, asked.job).explanations
    assert set(pictures) == {"instances", "submasks"}
    for picture in pictures.values():
        assert (picture.format.layout, picture.format.depth) == (Layout.RGB, Depth.U8)
        assert np.frombuffer(picture.octets, np.uint8).std() > 5
    answer = result(raw, plain.job)
    assert answer.explanations == {}
    assert "segment" not in answer.seconds
    preview = PreviewRequest(new_job(), asked.job, 0.5)
    raw.send(preview)
    assert result(raw, preview.job).explanations == {}


def test_a_daemon_without_a_segmenter_refuses_to_explain(start: Start, connect: Connect, requests: Requests) -> None:
    raw = connect(start(segmenter="none"))
    request = requests.layered(explain=True)
    raw.send(request)
    answer = raw.answer(request.job)
    assert isinstance(answer, ErrorReply)
    assert answer.code == "invalid-option"
    assert "segmenter" in answer.message + answer.hint


def test_the_setting_is_checked(home: Home) -> None:
    home.configure(segmenter="all")
    done = home.run("--json")
    assert done.returncode == 2
    assert "segmenter" in done.stdout + done.stderr


def test_the_command_line_writes_what_the_daemon_drew(daemon: RunningDaemon) -> None:
    folder = daemon.home.folder / "explained"
    folder.mkdir()
    samples = ROOT / "daemon" / "samelight" / "samples"
    environment = {
        **daemon.home.environment,
        "PYTHONPATH": daemon.home.environment["PYTHONPATH"] + f":{ROOT / 'installer'}",
    }
    done = subprocess.run(
        [
            sys.executable, "-m", "samelight.cli.main", "harmonize", str(samples / "composite.jpg"),
            str(samples / "mask.png"), "-o", str(folder / "out.jpg"), "--explain", str(folder / "why"), "--json",
        ],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    files = json.loads(done.stdout)["explanations"]
    assert files == {name: str(folder / "why" / f"composite-{name}.png") for name in ("instances", "submasks")}
    for path in files.values():
        with Image.open(path) as picture:
            assert picture.width > 1024
