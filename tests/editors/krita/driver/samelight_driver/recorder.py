"""Listens to what the plugin sends and gets: every request's and result's rasters are left as files."""

from __future__ import annotations

import os
import sys
from pathlib import Path


class Recorder:
    """Looks over the shoulder of the plugin's client; changes nothing.

    Args:
        output: the folder for the rasters.
        name: how their files begin.
    """

    current = None

    def __init__(self, output: Path, name: str) -> None:
        self.output, self.name = output, name
        self.messages = []
        self.heard = []
        Recorder.current = self
        if "samelight_wire.eventloop" in sys.modules and os.environ.get("SAMELIGHT_RECORD") != "0":
            _listen()

    def take(self) -> list:
        """Everything that was sent and received, as plain values; pixels are file names."""
        taken, self.messages, self.heard = self.messages, [], []
        return taken

    def note(self, message) -> None:
        """Keeps a message, unless it was heard before."""
        if any(message is other for other in self.heard):
            return
        self.heard.append(message)
        number = len(self.messages)
        fields = {"kind": message.KIND}
        for key, value in vars(message).items():
            if type(value).__name__ == "Raster":
                file = f"{self.name}.{number}.{key}.raw"
                (self.output / file).write_bytes(bytes(value.octets))
                fields[key] = {
                    "file": file,
                    "width": value.format.width,
                    "height": value.format.height,
                    "layout": value.format.layout.value,
                    "depth": value.format.depth.value,
                    "encoding": value.format.encoding.value,
                    "icc": value.icc.hex() if value.icc else None,
                }
            elif type(value).__name__ in ("Rect", "Options"):
                fields[key] = dict(vars(value))
            else:
                fields[key] = value if isinstance(value, (int, float, str, bool, type(None))) else str(value)
        self.messages.append(fields)


def _listen() -> None:
    client = sys.modules["samelight_wire.eventloop"].EventLoopClient
    if getattr(client, "overheard", False):
        return
    client.overheard = True
    client.send = _heard_send(client.send)
    client.drain = _heard(client.drain)
    client.tick = _heard(client.tick)  # it calls drain; a message is noted once all the same


def _heard_send(original):
    def send(self, message, *arguments, **named):
        if message.KIND in ("harmonize", "preview", "cancel"):
            Recorder.current.note(message)
        return original(self, message, *arguments, **named)

    return send


def _heard(original):
    def receive(self):
        events = original(self)
        for event in events:
            if event.KIND in ("result", "error", "progress"):
                Recorder.current.note(event)
        return events

    return receive
