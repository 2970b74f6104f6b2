"""HTTP load from a few connections that never pause, by wrk: a load generator in C, so that it takes little of the machine from what it measures."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile
from typing import Any

from bench.comparison import Detail
from tests.servers import debian

CONNECTIONS = 20
SCRIPT = Path(__file__).parent / "load.lua"
_REQUEST_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it; times in milliseconds."""

    requests: int
    per_second: float
    p50: float
    p99: float


def load(
    url: str,
    seconds: float,
    *,
    paths: Sequence[str] = ("",),
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    unique: str = "",
    connections: int = CONNECTIONS,
) -> Load:
    """Ask `url` + each of `paths` in turn, for so long. RuntimeError where any answer was an error or never came.

    `body` is sent as JSON; `unique` names a header that gets another value in every request.
    """
    if not (wrk := shutil.which("wrk")):
        debian.install("wrk")
        wrk = "/usr/bin/wrk"
    sent = dict(headers or {}) | ({} if body is None else {"Content-Type": "application/json"})
    plan = {"method": method, "unique": unique, "body": "" if body is None else json.dumps(body)}
    with NamedTemporaryFile("w", suffix=".lua") as file:  # the script's argument, as a Lua chunk: wrk has no JSON
        file.write(f"return {{{', '.join(f'{name} = {_lua(value)}' for name, value in plan.items())}, ")
        file.write(f"headers = {{{', '.join(f'[{_lua(name)}] = {_lua(value)}' for name, value in sent.items())}}}, ")
        file.write(f"paths = {{{', '.join(_lua(path) for path in paths)}}}}}")
        file.flush()
        options = ["--threads", "1", "--connections", str(connections), "--duration", f"{max(1, round(seconds))}s", "--timeout", f"{_REQUEST_SECONDS}s"]
        done = subprocess.run([wrk, *options, "--script", str(SCRIPT), url, "--", file.name], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"wrk failed: {done.stdout}{done.stderr}")
    return read(done.stdout, url)


def read(output: str, url: str) -> Load:
    """The figures in what `load.lua` printed at the end; RuntimeError where they do not count."""
    told = json.loads(output.splitlines()[-1])
    if told["failed"]:
        raise RuntimeError(f"{url}: {told['failed']} of {told['requests']} requests failed: a figure that counts errors is none")
    if not told["requests"]:
        raise RuntimeError(f"{url}: no request was answered in {told['seconds']:.0f} s; give more --seconds, or a machine with less to do")
    return Load(told["requests"], told["requests"] / told["seconds"], told["p50"], told["p99"])


def summary(loads: Sequence[Load]) -> tuple[float, Detail]:
    """Medians of all rounds."""
    return median(each.per_second for each in loads), Detail(median(each.p50 for each in loads), median(each.p99 for each in loads))


def _lua(value: str) -> str:
    """A string as Lua writes it; JSON's escapes would not all be understood."""
    return '"' + "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03d}" for byte in value.encode()) + '"'
