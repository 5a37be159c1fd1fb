"""
As much of a SQL Server as a login sees: it negotiates encryption, then refuses the login.

https://learn.microsoft.com/openspecs/windows_protocols/ms-tds: PRELOGIN, the TLS handshake inside
of packets of that kind, LOGIN7 inside of TLS, an error token.
"""

import socket
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread

PRELOGIN, RESPONSE, LOGIN7 = 0x12, 0x04, 0x10
ENCRYPTION_ON, ENCRYPTION_NOT_SUPPORTED = 1, 2


@dataclass
class SqlServer:
    """
    One on a loopback port.

    :param certificate: PEM file with certificate and key; without one it cannot encrypt
    """

    certificate: str = ""
    logins: list[tuple[str, int]] = field(default_factory=list)
    """Of each login that was sent: how it was encrypted, and the protocol's version."""

    def __enter__(self) -> "SqlServer":
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=10)

    def _serve(self) -> None:
        while True:
            try:
                caller, _address = self._socket.accept()
            except OSError:
                return
            with caller, suppress(OSError, EOFError):
                self._talk(caller)

    def _talk(self, caller: socket.socket) -> None:
        _packet(caller)
        encryption = ENCRYPTION_ON if self.certificate else ENCRYPTION_NOT_SUPPORTED
        _send(caller, RESPONSE, _options({0: bytes(6), 1: bytes([encryption]), 2: b"\0", 4: b"\0"}))
        if not self.certificate:
            _kind, login = _packet(caller)
            self.logins.append(("plain", _version(login)))
            return
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate)
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                _send(caller, PRELOGIN, outgoing.read())
                incoming.write(_packet(caller)[1])
            else:
                _send(caller, PRELOGIN, outgoing.read())
                break
        login = b""
        while len(login) < 8 or len(login) < struct.unpack(">H", login[2:4])[0]:
            try:
                login += tls.read(65536)
            except ssl.SSLWantReadError:
                incoming.write(_some(caller))
        self.logins.append((str(tls.version()), _version(login[8:])))
        refusal = _refusal("Login failed for user 'hub'.")
        tls.write(struct.pack(">BBHHBB", RESPONSE, 1, len(refusal) + 8, 0, 1, 0) + refusal)
        caller.sendall(outgoing.read())


def _some(caller: socket.socket) -> bytes:
    found = caller.recv(65536)
    if not found:
        raise EOFError
    return found


def _packet(caller: socket.socket) -> tuple[int, bytes]:
    head = caller.recv(8, socket.MSG_WAITALL)
    if len(head) < 8:
        raise EOFError
    kind, _status, length = struct.unpack(">BBH", head[:4])
    return kind, caller.recv(length - 8, socket.MSG_WAITALL)


def _send(caller: socket.socket, kind: int, body: bytes) -> None:
    if body:
        caller.sendall(struct.pack(">BBHHBB", kind, 1, len(body) + 8, 0, 1, 0) + body)


def _options(values: dict[int, bytes]) -> bytes:
    heads, bodies = b"", b""
    for token, value in values.items():
        heads += struct.pack(">BHH", token, len(values) * 5 + 1 + len(bodies), len(value))
        bodies += value
    return heads + b"\xff" + bodies


def _version(login: bytes) -> int:
    return int.from_bytes(login[4:8], "little")


def _refusal(words: str) -> bytes:
    text = words.encode("utf-16-le")
    body = struct.pack("<iBBH", 18456, 1, 14, len(words)) + text + b"\0\0" + struct.pack("<i", 1)
    return b"\xaa" + struct.pack("<H", len(body)) + body + struct.pack("<BHHQ", 0xFD, 2, 0, 0)
