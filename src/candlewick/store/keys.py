"""The master key, and what it protects: keys of venues at rest, and the seals of the audit's chains.

A venue's key is encrypted with AES-256-GCM. What it belongs to (`venue:id:field`) is bound to it as
associated data, so that a row whose cells were swapped with another's is detected and not used.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from candlewick.core.errors import ConfigError, StoreError

KEY_FILE: Final = "master.key"
NEXT_FILE: Final = "master.key.next"
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_NAME_BYTES: Final = 4


class MasterKey:
    """32 random bytes from which every other key is derived. It never appears in a text."""

    def __init__(self, material: bytes) -> None:
        self._material = material
        self.name = hashlib.sha256(b"candlewick key name" + material).digest()[:_NAME_BYTES]
        """Tells it from other keys, and nothing about it."""

    @classmethod
    def new(cls) -> Self:
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def read(cls, text: str, source: str) -> Self:
        """A key from its text, 32 bytes in base64.

        Raises:
            ConfigError: it is none. `source` says where it came from.
        """
        try:
            material = base64.urlsafe_b64decode(text.strip() + "=" * (-len(text.strip()) % 4))
        except (binascii.Error, ValueError):
            material = b""
        if len(material) != KEY_BYTES:
            raise ConfigError(f"{source} is no master key: {KEY_BYTES} bytes in base64. Restore it.")
        return cls(material)

    @property
    def text(self) -> str:
        """As its file holds it. A secret: never printed, never logged."""
        return base64.urlsafe_b64encode(self._material).decode()

    def derived(self, purpose: str) -> bytes:
        """A key for one purpose, from which neither this one nor another can be told."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"candlewick {purpose}".encode()).derive(
            self._material
        )

    @property
    def audit(self) -> bytes:
        """What seals the heads of the audit's chains."""
        return self.derived("audit")

    def __repr__(self) -> str:
        return f"<MasterKey {self.name.hex()}>"


def load(data_dir: Path, given: str | None = None, *, make: bool = True) -> list[MasterKey]:
    """The master key in force, and after it the one that a rotation was about to bring in.

    `given` is the setting `master_key`; without it the key is in `data_dir/master.key`, readable by its owner
    alone. It is made if it is absent, unless `make` is false: then there is none.

    Raises:
        ConfigError: it cannot be read or made, or is no key.
    """
    if given is not None:
        return [MasterKey.read(given, "CANDLEWICK_MASTER_KEY")]
    path = data_dir / KEY_FILE
    try:
        if make:
            _make(path)
        elif not path.exists():
            return []
        found = [MasterKey.read(path.read_text("ascii"), str(path))]
        coming = data_dir / NEXT_FILE
        if coming.exists():
            found.append(MasterKey.read(coming.read_text("ascii"), str(coming)))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(f"{path} cannot be used: {reason}. Make it yours, or restore it.") from None
    return found


def prepare_next(data_dir: Path) -> MasterKey:
    """The key that a rotation brings in: the one that the last began with, if it was cut off."""
    path = data_dir / NEXT_FILE
    _make(path)
    return MasterKey.read(path.read_text("ascii"), str(path))


def install_next(data_dir: Path) -> None:
    """Let the prepared key be the one in force."""
    (data_dir / NEXT_FILE).replace(data_dir / KEY_FILE)
    _sync_folder(data_dir)


class Vault:
    """Encrypts and decrypts single values. New ones are under the first of its keys."""

    def __init__(self, keys: Sequence[MasterKey]) -> None:
        self._current = keys[0]
        self._ciphers = {key.name: AESGCM(key.derived("vault")) for key in keys}

    def seal(self, value: str, belongs_to: str) -> bytes:
        """A value that can be read only as what it belongs to, such as `binance:7f3a:secret`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = self._ciphers[self._current.name]
        return self._current.name + nonce + cipher.encrypt(nonce, value.encode(), belongs_to.encode())

    def open(self, sealed: bytes, belongs_to: str) -> str:
        """The value again.

        Raises:
            StoreError: it was changed, belongs to something else, or is under another master key.
        """
        name, nonce, rest = (
            sealed[:_NAME_BYTES],
            sealed[_NAME_BYTES : _NAME_BYTES + _NONCE_BYTES],
            sealed[_NAME_BYTES + _NONCE_BYTES :],
        )
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise StoreError(
                f"The key {belongs_to} was encrypted under another master key ({name.hex()}). "
                f"Restore the {KEY_FILE} that belongs to this database, or add the venue's key again."
            )
        try:
            return cipher.decrypt(nonce, rest, belongs_to.encode()).decode()
        except (InvalidTag, ValueError):
            raise StoreError(
                f"The key {belongs_to} was changed or swapped with another in the database, and is not used. "
                "Remove it, and add the venue's key again."
            ) from None


def require_settled(data_dir: Path, given: str | None = None) -> None:
    """Make sure that no rotation was cut off, so that whatever runs seals with the key that is in force.

    Raises:
        ConfigError: one was.
    """
    if given is None and (data_dir / NEXT_FILE).exists():
        raise ConfigError("A rotation of the master key was cut off. Run `candlewick key rotate` again.")


def audit_key(data_dir: Path, given: str | None = None) -> bytes:
    """What seals the heads of the audit's chains.

    Raises:
        ConfigError: the master key cannot be read or made.
    """
    return load(data_dir, given)[0].audit


def _make(path: Path) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # a name of its own and its owner's alone, whoever else starts at this moment
    descriptor, fresh = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        file.write(MasterKey.new().text)
        file.flush()
        os.fsync(descriptor)
    # A link fails where the file exists: of two that start at once, one key wins.
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)
    Path(fresh).unlink()
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
