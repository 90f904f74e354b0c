"""What a large picture took is given back."""

from __future__ import annotations

import numpy as np
import pytest
from daemon_harness import Requests, RunningDaemon, wait_until

from samelight.jobs.memory import give_back, resident_bytes
from samelight_wire.client import Client

MEGABYTE = 1 << 20


def test_resident_bytes_follow_what_is_used() -> None:
    give_back()  # or the block comes from what earlier tests left
    before = resident_bytes()
    block = np.ones(64 * MEGABYTE, np.uint8)
    grown = resident_bytes()
    assert grown > before + 48 * MEGABYTE
    del block
    give_back()
    assert resident_bytes() < grown - 48 * MEGABYTE


@pytest.mark.daemon
def test_after_a_large_layer_the_daemon_is_as_small_as_before(strict_daemon: RunningDaemon, requests: Requests) -> None:
    layer = np.full((3000, 4000, 4), 180, np.uint8)
    with Client.connect(strict_daemon.connection_file) as client:
        client.harmonize(requests.layered(size=(400, 300)))
        idle = client.status().memory
        result = client.harmonize(requests.layered(layer))
        assert result.layer.octets.nbytes == layer.nbytes
        # The daemon held the layer and the result, 46 MB each, and more while it worked.
        wait_until(lambda: client.status().memory < idle + 40 * MEGABYTE)
