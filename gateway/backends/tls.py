"""TLS to upstreams: whom to trust, and sessions that go on where the last connection left them."""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi

_MOST = 256  # hosts whose sessions are kept


class Resuming(ssl.SSLContext):
    """A client's context that offers a host the last session with it, and saves it a part of the handshake.

    A session is taken up only under the name whose certificate was valid when it began. asyncio and uvloop
    have no argument for one, but both make their TLS objects by `wrap_bio`.
    """

    _sessions: dict[str, ssl.SSLSession]

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        known = session or self._sessions.get(str(server_hostname))
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, known)

    def keep(self, host: str, session: ssl.SSLSession | None) -> None:
        """Remember a session; None: the last one led nowhere."""
        self._sessions.pop(host, None)
        if session is not None:
            if len(self._sessions) >= _MOST:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[host] = session


def context(authorities: Path | None = None) -> Resuming:
    """TLS 1.2 or newer, and HTTP/1.1 within; trusted are the system's authorities, certifi's and the file's.

    The system's are OpenSSL's: SSL_CERT_FILE and SSL_CERT_DIR say where.

    Raises:
        OSError: the file (or folder) of authorities cannot be read, or holds none.
    """
    made = Resuming(ssl.PROTOCOL_TLS_CLIENT)
    made._sessions = {}
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    made.load_default_certs()
    made.load_verify_locations(certifi.where())
    if authorities is not None:
        folder = authorities.is_dir()
        made.load_verify_locations(
            capath=authorities if folder else None, cafile=None if folder else authorities
        )
    return made
