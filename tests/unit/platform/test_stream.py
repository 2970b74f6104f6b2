"""A stream over a real socket, in the open and by TLS: everything arrives, nobody waits longer than they said, and whoever waits learns of the end."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import eventlet
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from eventlet.green import ssl as green_ssl

from shared.kit.clock import utc_now
from shared.platform.stream import Stream

Pair = tuple[Stream, Any]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this address and its key, in one file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), utc_now() - timedelta(1), utc_now() + timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    path = tmp_path_factory.mktemp("tls") / "here.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(params=["plain", "TLS"])
def pair(request: pytest.FixtureRequest, certificate: Path) -> Iterator[Pair]:
    """A stream, and the socket at its other end."""
    listener = eventlet.listen(("127.0.0.1", 0))
    accepting = eventlet.spawn(lambda: listener.accept()[0])
    near = eventlet.connect(listener.getsockname())
    far = accepting.wait()
    if request.param == "TLS":
        server = green_ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certificate)
        client = green_ssl.create_default_context(cafile=certificate)
        wrapping = eventlet.spawn(server.wrap_socket, far, server_side=True)
        near = client.wrap_socket(near, server_hostname="127.0.0.1")
        far = wrapping.wait()
    far.settimeout(10)
    stream = Stream(near)
    yield stream, far
    stream.close()
    far.close()
    listener.close()


def gather(read: Callable[[], bytes], size: int) -> bytes:
    received = b""
    while len(received) < size:
        received += read()
    return received


def test_everything_arrives_in_order_however_large(pair: Pair) -> None:
    stream, far = pair
    data = b"".join(b"%d," % number for number in range(300_000))
    for start in range(0, len(data), 70_000):
        stream.write(data[start : start + 70_000])
    echoing = eventlet.spawn(lambda: far.sendall(gather(lambda: far.recv(1 << 16), len(data))))
    assert gather(lambda: stream.read(10), len(data)) == data
    echoing.wait()
    assert stream.backlog == 0


def test_what_is_not_taken_is_counted_and_the_writer_does_not_wait(pair: Pair) -> None:
    stream, _far = pair
    for _ in range(32):
        stream.write(b"x" * (1 << 20))
        eventlet.sleep(0)
    assert stream.backlog > 1 << 20


def test_what_comes_while_nobody_reads_is_there_for_who_reads_later(pair: Pair) -> None:
    stream, far = pair
    for word in (b"one", b"other", b"third"):
        far.sendall(word)
        assert stream.read(5) == word
        far.sendall(b"more")
        eventlet.sleep(0.02)
        assert stream.read(5) == b"more"


def test_others_have_their_turns_even_if_there_is_always_more(pair: Pair) -> None:
    stream, far = pair
    far.sendall(b"x" * 200_000)
    eventlet.sleep(0.02)
    turns: list[int] = []
    eventlet.spawn(turns.append, 1)
    gather(lambda: stream.read(5), 150_000)
    assert turns


def test_nothing_is_not_waited_for_longer_than_was_said(pair: Pair) -> None:
    stream, far = pair
    with pytest.raises(TimeoutError):
        stream.read(0.05)
    far.sendall(b"late")
    assert stream.read(5) == b"late"


def test_who_reads_learns_that_the_other_side_closed(pair: Pair) -> None:
    stream, far = pair
    far.close()
    with pytest.raises(OSError, match="closed"):
        stream.read(5)


def test_who_reads_learns_why_it_was_closed_here(pair: Pair) -> None:
    stream, _far = pair
    eventlet.spawn_after(0.02, stream.close, ConnectionAbortedError("enough"))
    for _ in range(2):
        with pytest.raises(ConnectionAbortedError, match="enough"):
            stream.read(5)
    stream.write(b"into the void")
    assert stream.backlog == 0
