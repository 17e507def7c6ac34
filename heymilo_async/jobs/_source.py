"""
The server and workspace that a file belongs to, so that no run mixes the data of two.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import attrs

from .._core.settings import is_loopback

if TYPE_CHECKING:
    from .. import AsyncHeyMilo

#: Stands for every server on this machine: a sandbox has another port each time.
_LOOPBACK: Final = "loopback"
_DEFAULT_PORTS: Final = {None, 80, 443}
#: The length of the hash of a workspace's id.
_DIGITS: Final = 16


@attrs.frozen
class Source:
    """
    A server, and the workspace if the client names one.

    Attributes:
        host: Its host, with the port if it is not the usual one; or the word for this machine.
        workspace: A hash of the workspace's id, which the client treats as a secret; None if the
            client names no workspace.
    """

    host: str
    workspace: str | None = None

    def difference(self, stored: Source | None) -> str | None:
        """
        Return the owner of a file whose source is *stored*, for an error; None if it is this one.
        """
        if stored is None:
            return None
        if stored.host != self.host:
            return f"{_words(stored.host)}, not to {_words(self.host)}"
        if None not in {stored.workspace, self.workspace} and stored.workspace != self.workspace:
            return "another workspace of this server"
        return None

    def merged(self, stored: Source | None) -> Source:
        """
        Return this source, with the workspace of *stored* if the client names none.
        """
        known = None if stored is None else stored.workspace
        return attrs.evolve(self, workspace=self.workspace or known)


def _words(host: str) -> str:
    return "a server on this machine" if host == _LOOPBACK else host


def source_of(client: AsyncHeyMilo) -> Source:
    """
    Return the source that *client* reads from and sends to.
    """
    settings = client._engine.settings
    parts = urlsplit(settings.base_url)
    host = parts.hostname or ""
    if is_loopback(host):
        host = _LOOPBACK
    elif parts.port not in _DEFAULT_PORTS:
        host = f"{host}:{parts.port}"
    workspace = settings.workspace_id
    return Source(host, None if workspace is None else _digest(workspace.reveal()))


def _digest(text: str) -> str:
    return hashlib.sha256(f"heymilo workspace\n{text}".encode()).hexdigest()[:_DIGITS]
