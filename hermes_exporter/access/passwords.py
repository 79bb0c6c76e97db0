"""Basic authentication with bcrypt, which is slow by design: neither each scrape nor a flood may pay for that.

A password that proved right is remembered as a hash under a key of this process, so only a user's first request
costs a check, whatever others send. Checks run one at a time in a thread of their own; few may wait.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_WAITING = 16
MAX_WAITING_OF_CLIENT = 4
"""One client's guesses leave room for another's first request."""
MAX_COST = 16
"""About four seconds; each step doubles it."""
BCRYPT_BYTES = 72
"""bcrypt looks at no more of a password."""
_HASH = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")


class BusyError(Exception):
    """Too many passwords wait to be checked."""


def is_hash(text: str) -> bool:
    """Whether it is a bcrypt hash of a cost that can be checked within a scrape."""
    match = _HASH.fullmatch(text)
    if match is None or not 4 <= int(match[1]) <= MAX_COST:
        return False
    import bcrypt  # noqa: PLC0415  # half a megabyte that only who has passwords needs

    try:
        bcrypt.checkpw(b"", text.replace(f"${match[1]}$", "$04$", 1).encode())
    except ValueError:  # its salt is none
        return False
    return True


class Passwords:
    """The users and what was proved of them.

    There is at most one proof for each user, so they take no more room than the users do.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._hashes: Mapping[bytes, bytes] = {}
        self._proved: dict[bytes, bytes] = {}
        self._waiting: dict[bytes, asyncio.Future[bool]] = {}
        self._of_client: Counter[str] = Counter()
        self._thread = ThreadPoolExecutor(1, "bcrypt")

    def use(self, hashes: Mapping[bytes, bytes]) -> None:
        """Take users with their bcrypt hashes from now on; proofs of what has changed are forgotten."""
        same = {user for user, hashed in hashes.items() if self._hashes.get(user) == hashed}
        self._proved = {user: proof for user, proof in self._proved.items() if user in same}
        self._hashes = dict(hashes)

    def close(self) -> None:
        """Check nothing any more but what is being checked."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def prove(self, authorization: str, client: str) -> bool:
        """Return whether the header names a user and the right password, or raise BusyError.

        An unknown user costs as much time as a known one: a known one's hash is checked, always the same for the
        same name. ``client`` is the address that asks.
        """
        given = _credentials(authorization)
        if given is None or not self._hashes:
            return False
        user, password = given
        hashed = self._hashes.get(user, self._stand_in(user))
        proof = self._keyed(user, hashed, password)
        if hmac.compare_digest(self._proved.get(user, b""), proof):
            return True
        checked = self._waiting.get(proof) or self._check(proof, password, hashed, client)
        right = await asyncio.shield(checked) and self._hashes.get(user) == hashed
        if right:
            self._proved[user] = proof
        return right

    def _check(self, proof: bytes, password: bytes, hashed: bytes, client: str) -> asyncio.Future[bool]:
        """Have a password checked in the thread; the same one is checked once for all who wait."""
        if len(self._waiting) >= MAX_WAITING or self._of_client[client] >= MAX_WAITING_OF_CLIENT:
            raise BusyError
        import bcrypt  # noqa: PLC0415

        checked = asyncio.get_running_loop().run_in_executor(self._thread, bcrypt.checkpw, password, hashed)
        self._waiting[proof] = checked
        self._of_client[client] += 1

        def forget(_checked: asyncio.Future[bool]) -> None:
            del self._waiting[proof]
            self._of_client[client] -= 1
            if not self._of_client[client]:
                del self._of_client[client]

        checked.add_done_callback(forget)
        return checked

    def _stand_in(self, user: bytes) -> bytes:
        hashes = sorted(self._hashes.values())
        return hashes[int.from_bytes(self._keyed(user), "big") % len(hashes)]

    def _keyed(self, *parts: bytes) -> bytes:
        digest = hashlib.blake2b(key=self._key)
        for part in parts:
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.digest()


def _credentials(authorization: str) -> tuple[bytes, bytes] | None:
    """Return user and password of an Authorization header, None if it has none that could be right."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user, password[:BCRYPT_BYTES]) if colon and b"\0" not in password else None
