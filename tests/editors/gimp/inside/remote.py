"""Runs inside GIMP, as a batch of its Python interpreter: calls functions of toolbox.py that a test names.

Requests come over a Unix socket, one JSON object a line: {"function": ..., "arguments": {...}}. The answer is one line
too: {"result": ...} or {"failure": traceback}. The function "leave" ends the loop.
"""

import json
import os
import runpy
import socket
import traceback
from pathlib import Path

FOLDER = Path(os.environ["SAMELIGHT_TEST_INSIDE"])


def answer(functions, line):
    request = json.loads(line)
    try:
        return {"result": functions[request["function"]](**request["arguments"])}
    except Exception:
        return {"failure": traceback.format_exc()}


def serve():
    functions = runpy.run_path(str(FOLDER / "toolbox.py"))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ["SAMELIGHT_TEST_SOCKET"])
        with connection.makefile("rw", encoding="utf-8") as stream:
            for line in stream:
                if json.loads(line)["function"] == "leave":
                    return
                stream.write(json.dumps(answer(functions, line)) + "\n")
                stream.flush()


serve()
