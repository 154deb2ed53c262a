"""Starts the gateway: checks what it needs, listens, and says what it serves."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import cast

import uvicorn

from gateway import __version__
from gateway.accounting.metrics import Metrics
from gateway.app import App, build
from gateway.backends.addresses import Survey
from gateway.backends.probe import probe_now
from gateway.backends.tls import context
from gateway.commands.banner import banner
from gateway.descriptors import ask_for
from gateway.errors import ProviderUnavailable
from gateway.holder import Holder
from gateway.knowledge.reading import names_documents
from gateway.parts import PartsBuilder, head_file
from gateway.policy.language.load import fingerprint, load
from gateway.policy.language.secrets import secrets_from
from gateway.policy.mistakes import PolicyMistakes
from gateway.policy.schema import Policy
from gateway.protocol import CallerProtocol, patient
from gateway.settings import Settings, is_loopback, make_data_dir

_log = logging.getLogger("pointsman")
KEEP_ALIVE_SECONDS = 75  # longer than clients and load balancers keep theirs: they close first
_JUST_CONNECTED = 0.05  # seconds that a connection may take to ask, when the gateway stops
_LAST_CALL = 1.0  # seconds at most for those that have connected, and for what they have sent
GC_THRESHOLDS = (20_000, 20, 50)  # objects, then rounds: few cycles are made, so look for them seldom


class StartFailed(Exception):
    """The gateway cannot start; the message says what to do."""


def run(settings: Settings) -> None:
    """Serves until it is told to stop.

    Raises:
        StartFailed: the policy has mistakes, the address cannot be had, or the data folder not written.
    """
    secrets = secrets_from(os.environ, settings.secrets)

    def read() -> Policy:
        return load(
            settings.policies,
            secrets=secrets,
            available=partial(probe_now, reach=settings.reach),
            forbids=Survey(settings.reach).forbids,
            trained=lambda name: head_file(settings, name) is not None,
            documents=partial(names_documents, settings.knowledge_root),
        )

    try:
        policy = read()
    except PolicyMistakes as mistakes:
        raise StartFailed(f"the policy in {settings.policies} has mistakes:\n{mistakes}") from None
    _check_exposure(settings, policy)
    _check_authorities(settings.authorities)
    try:
        make_data_dir(settings.data_dir)
        metrics = Metrics(__version__)
        builder = PartsBuilder(settings, metrics)

        def look() -> str:
            return fingerprint(settings.policies) + builder.fingerprint()

        holder = Holder(policy, read, look, builder, metrics, settings.reload_every)
        app = build(settings, holder, metrics, builder.cascade())
    except PolicyMistakes as mistakes:
        raise StartFailed(f"the policy in {settings.policies} cannot be served:\n{mistakes}") from None
    except ProviderUnavailable as error:
        raise StartFailed(f"--encoder-deadline asks for the small transformer, and {error}") from None
    except OSError as error:
        raise StartFailed(f"--data-dir {settings.data_dir} cannot be used: {error.strerror}") from None
    listener = _listen(settings)
    if too_few := ask_for(settings.max_requests):
        _log.warning(too_few)
    _Server(_config(app, settings), settings, holder).run(sockets=[listener])


def _check_exposure(settings: Settings, policy: Policy) -> None:
    if not policy.callers and not is_loopback(settings.host):
        raise StartFailed(
            f"the policy names no callers, so anyone could use the gateway at {settings.host}. "
            "Add callers (`pointsman keys hash` makes a key), or listen on 127.0.0.1."
        )


def _check_authorities(file: Path | None) -> None:
    try:
        if file is not None:
            context(file)
    except OSError:
        raise StartFailed(f"--ca-file {file} holds no certificates in PEM") from None


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise StartFailed(
            f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}. "
            "Choose another with --port (0 takes a free one)."
        ) from None


def _config(app: App, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app.rest,
        http=patient(settings.patience, app.endpoints),
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=False,  # nothing here asks where a request came from
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.grace),
    )


class _Server(uvicorn.Server):
    """Says what it serves once it listens, and reads the policy again on SIGHUP."""

    def __init__(self, config: uvicorn.Config, settings: Settings, holder: Holder) -> None:
        super().__init__(config)
        self._settings, self._holder = settings, holder
        self._in_terminal = sys.stderr.isatty()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        _settle_garbage_collection()
        if hasattr(signal, "SIGHUP"):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hang_up)
        if self.started and sockets:
            port = sockets[0].getsockname()[1]
            print(banner(self._holder.current().policy, self._settings, port), flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Who has connected is let in and what has arrived is read, before idle connections are closed."""
        await _while_readable(lambda: sockets or [])
        for server in self.servers:
            server.close()
        await asyncio.sleep(_JUST_CONNECTED)
        await _while_readable(self._at_rest)
        await super().shutdown(sockets=sockets)

    def _at_rest(self) -> list[socket.socket]:
        connections = cast(set[CallerProtocol], self.server_state.connections)
        waiting = [each.transport for each in connections if each.at_rest]
        return [each.get_extra_info("socket") for each in waiting if not each.is_closing()]

    def _hang_up(self) -> None:
        """Reads the policy again, unless it is the terminal that has gone."""
        if self._in_terminal and not sys.stderr.isatty():
            self.should_exit = True
        else:
            self._holder.look()


async def _while_readable(sockets: Callable[[], Iterable[socket.socket]]) -> None:
    """Lets the loop do its work until nothing waits for it: it accepts one connection a turn, and no clock
    says how long a turn takes."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _LAST_CALL
    while _readable(sockets()) and loop.time() < until:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0)


def _readable(sockets: Iterable[socket.socket]) -> bool:
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each.fileno(), selectors.EVENT_READ)
        return bool(selector.get_map()) and bool(selector.select(0))


def _settle_garbage_collection() -> None:
    """What was loaded at start lives as long as the process: looking at it again costs every request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
