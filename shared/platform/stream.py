"""A socket on eventlet's hub that costs no system call to wait for: it stays registered with the hub while it is read, and what is written in
one turn of the hub leaves in one send. Writing never waits; who writes looks at `backlog` for how much has not left yet."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from eventlet.hubs import get_hub
from greenlet import getcurrent

CHUNK = 1 << 16
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Stream:
    """Takes over an eventlet socket. One greenlet reads it, any may write; `last` is asked for what goes behind that, each time it is sent."""

    def __init__(self, sock: Any, last: Callable[[], bytes] = bytes) -> None:
        self._green, self._last = sock, last
        if isinstance(sock, ssl.SSLSocket):
            sock.act_non_blocking = True  # type: ignore[attr-defined]  # eventlet: raise instead of waiting
            self._sock, self._pending = sock, sock.pending
        else:
            self._sock, self._pending = sock.fd, lambda: 0
        self._hub = get_hub()
        self._file = sock.fileno()
        self._reading: Any = None
        self._writing: Any = None
        self._reader: Any = None
        self._out: list[bytes | memoryview] = []
        self._flushing: Any = None
        self.backlog = 0
        self.error: Exception | None = None

    def read(self, seconds: float | None = None) -> bytes:
        """What has come, at least a byte; TimeoutError where nothing comes for so long, another OSError once the connection is lost or closed."""
        if self.error is None and self._reading is None:
            # First, so that the next read has its turn like everybody's, even if there is always more.
            self._reading = self._hub.add(self._hub.READ, self._file, self._readable, self._closed, lambda: None)
            with suppress(*_NOT_NOW):
                return self._receive()
        elif self._pending():
            return self._receive()
        if self.error is not None:
            raise self.error
        self._reader = getcurrent()
        timer = seconds and self._hub.schedule_call_global(seconds, self._reader.throw, TimeoutError("nothing was received in time"))
        try:
            received: bytes = self._hub.switch()
        finally:
            self._reader = None
            if timer:
                timer.cancel()
        return received

    def write(self, data: bytes) -> None:
        """Have it sent, after all that was written before. Lost where the connection is: the reader learns of that."""
        if self.error is None:
            self._out.append(data)
            self.backlog += len(data)
            if self._flushing is None and self._writing is None:
                self._flushing = self._hub.schedule_call_global(0, self._flush)

    def close(self, error: Exception | None = None) -> None:
        """At once, whatever has not left; who reads is told by `error`. Harmless the second time."""
        if self.error is not None:
            return
        self.error = error or ConnectionAbortedError("closed here")
        self._forget()
        self._green.close()
        if self._reader is not None:
            self._hub.schedule_call_global(0, self._tell, self._reader)

    def _receive(self) -> bytes:
        """What has come; the read that finds none left in a TLS record raises, like any."""
        data: bytes = self._sock.recv(CHUNK)
        if not data:
            raise ConnectionResetError("closed by the other side")
        return data

    def _readable(self, _file: int) -> None:
        reader = self._reader
        if reader is None:  # nobody wants it now: it stays in the kernel, and so is the sender held up
            self._hub.remove(self._reading)
            self._reading = None
            return
        try:
            data = self._receive()
        except _NOT_NOW:
            return
        except OSError as error:
            reader.throw(error)
        else:
            reader.switch(data)

    def _flush(self, _file: int = 0) -> None:
        self._flushing = None
        if self.error is not None:
            return
        if last := self._last():
            self._out.append(last)
        data = memoryview(self._out[0] if len(self._out) == 1 else b"".join(self._out))
        try:
            sent = self._sock.send(data)
        except _NOT_NOW:
            sent = 0
        except OSError as error:
            self.close(error)
            return
        left = data[sent:]
        self._out, self.backlog = [left] if left else [], len(left)
        if left and self._writing is None:
            self._writing = self._hub.add(self._hub.WRITE, self._file, self._flush, self._closed, lambda: None)
        elif not left and self._writing is not None:
            self._hub.remove(self._writing)
            self._writing = None

    def _tell(self, reader: Any) -> None:
        if self._reader is reader:
            reader.throw(self.error)

    def _closed(self, error: Exception) -> None:
        """The hub found the descriptor closed by somebody else."""
        self.close(error)

    def _forget(self) -> None:
        for listener in (self._reading, self._writing):
            if listener is not None:
                self._hub.remove(listener)
        self._reading = self._writing = None
        self._out, self.backlog = [], 0
