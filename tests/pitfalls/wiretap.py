"""Listens in on connections to the broker: how often which AMQP method was sent, whatever library sent it."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

_METHODS = {(50, 10): "queue.declare", (60, 40): "basic.publish"}  # of clients
_CONFIRM = (60, 80)  # basic.ack, of the broker
_METHOD_FRAME = 1
_HEADER = struct.Struct(">BHI")


class Wiretap(ThreadingTCPServer):
    """`port` leads to the broker's; `sent` counts what has gone through."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, broker_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.broker_port, self.port = broker_port, int(self.server_address[1])
        self.sent: Counter[str] = Counter()
        Thread(target=self.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Connection(BaseRequestHandler):
    server: Wiretap

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.broker_port)) as broker:
            answers = Thread(target=self._carry, args=(broker, self.request, {_CONFIRM: "confirm"}), daemon=True)
            answers.start()
            broker.sendall(self.request.recv(8, socket.MSG_WAITALL))  # the protocol's name and version
            self._carry(self.request, broker, _METHODS)
            answers.join()

    def _carry(self, source: socket.socket, target: socket.socket, methods: dict[tuple[int, int], str]) -> None:
        """Hand on one frame after another until the source ends."""
        try:
            while header := source.recv(_HEADER.size, socket.MSG_WAITALL):
                type_, _channel, size = _HEADER.unpack(header)
                frame = source.recv(size + 1, socket.MSG_WAITALL)
                if type_ == _METHOD_FRAME and (name := methods.get(struct.unpack_from(">HH", frame))):
                    self.server.sent[name] += 1
                target.sendall(header + frame)
            target.shutdown(socket.SHUT_WR)
        except (OSError, struct.error):
            pass  # cut off in the middle
