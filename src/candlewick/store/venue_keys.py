"""Keys of venues in their table: kept encrypted, read by whoever signs with them, re-encrypted on rotation.

Adding, removing and rotating need Django; `for_account` reads with plain SQL, so that the engine does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from candlewick.core.errors import StoreError, UsageError
from candlewick.store import chain
from candlewick.store.audit import anchor
from candlewick.store.databases import Place, database_at
from candlewick.store.door import Connection
from candlewick.store.keys import MasterKey, Vault, install_next, load, prepare_next

if TYPE_CHECKING:
    from candlewick.store.models import Account, User, VenueKey

FIELDS: Final = ("key", "secret", "passphrase")


class VenueSecret(msgspec.Struct, frozen=True):
    """A key of a venue, in the open. Never logged: its `repr` shows the label alone."""

    venue: str
    label: str
    key: str
    secret: str
    passphrase: str | None

    def __repr__(self) -> str:
        return f"VenueSecret({self.venue}, {self.label!r})"


def add(
    vault: Vault,
    user: User,
    venue: str,
    label: str,
    *,
    key: str,
    secret: str,
    passphrase: str | None = None,
    account: Account | None = None,
    actor: str = "command line",
    origin: str = "",
) -> VenueKey:
    """Keep a key, encrypted.

    Raises:
        UsageError: there is one of that label, or the account has one already.
    """
    from django.db import IntegrityError, transaction

    from candlewick.store.audit.recording import record
    from candlewick.store.models import VenueKey
    from candlewick.store.models.keys import new_id

    id = new_id()
    sealed = {
        field: None if value is None else vault.seal(value, _belongs(venue, id, field))
        for field, value in zip(FIELDS, (key, secret, passphrase), strict=True)
    }
    try:
        with transaction.atomic():
            made = VenueKey.objects.create(
                id=id, user=user, venue=venue, label=label, account=account, shown=shown(key), **sealed
            )
            about = {"venue": venue, "label": label, "user": user.username, "shown": made.shown}
            record(actor, "key.add", f"key {id}", origin=origin, after=about)
    except IntegrityError:
        raise UsageError(
            f"{user.username} has a key {label!r} of {venue} already, or the account has one. "
            "Choose another label, or remove that one."
        ) from None
    return made


def remove(id: str, *, actor: str = "command line", origin: str = "") -> VenueKey:
    """Forget a key.

    Raises:
        UsageError: there is none of that number.
    """
    from django.db import transaction

    from candlewick.store.audit.recording import record
    from candlewick.store.models import VenueKey

    with transaction.atomic():
        found = VenueKey.objects.select_related("user").filter(pk=id).first()
        if found is None:
            raise UsageError(f"There is no key {id!r}. `candlewick key list` shows them.")
        VenueKey.objects.filter(pk=id).delete()
        about = {"venue": found.venue, "label": found.label, "user": found.user.username}
        record(actor, "key.remove", f"key {id}", origin=origin, before=about)
    return found


def for_account(place: Place, vault: Vault, account: int) -> VenueSecret | None:
    """The key that a live account trades with; None: it has none.

    Raises:
        StoreBusy: the database is away.
        StoreError: the row was changed or swapped, or is under another master key.
    """
    connection = database_at(place).connect(read_only=True)
    try:
        rows = connection.read(
            "SELECT id, venue, label, key, secret, passphrase FROM store_venuekey WHERE account_id = ?",
            (account,),
        )
    finally:
        connection.close()
    if not rows:
        return None
    id, venue, label, *sealed = rows[0]
    key, secret, passphrase = (
        None if value is None else vault.open(bytes(value), _belongs(venue, id, field))
        for field, value in zip(FIELDS, sealed, strict=True)
    )
    if key is None or secret is None:
        raise StoreError(f"The key {label!r} of {venue} is not whole. Remove it, and add it again.")
    return VenueSecret(venue, label, key, secret, passphrase)


def rotate(data_dir: Path, ledger: Place) -> int:
    """Encrypt every key under a new master key, seal the chains with it, and put it in force.

    Cut off at any point, it is finished by being called again: until then both keys are at hand.
    Nothing else may run on the data folder.
    """
    old = load(data_dir)
    new = prepare_next(data_dir)
    count = _under([new, *old], ledger)
    anchor.seal_anew(data_dir, [key.audit for key in (new, *old)])
    install_next(data_dir)
    return count


def rotate_given(data_dir: Path, old: str, new: str, ledger: Place) -> int:
    """The same where the master key is a setting."""
    keys = [MasterKey.read(new, "The new key"), MasterKey.read(old, "CANDLEWICK_MASTER_KEY")]
    count = _under(keys, ledger)
    anchor.seal_anew(data_dir, [key.audit for key in keys])
    return count


def shown(key: str) -> str:
    """A key's first and last letters, if enough stay hidden."""
    return f"{key[:4]}…{key[-4:]}" if len(key) >= 16 else "…"


def _under(keys: Sequence[MasterKey], ledger: Place) -> int:
    """Put everything under the first of `keys`; the others may have been in force."""
    from django.db import transaction
    from django.utils import timezone

    from candlewick.store.audit.recording import record
    from candlewick.store.models import AuditHead, VenueKey

    vault, seals = Vault(keys), [key.audit for key in keys]
    with transaction.atomic():
        kept = list(VenueKey.objects.select_for_update())
        for key in kept:
            for field in FIELDS:
                sealed = getattr(key, field)
                if sealed is not None:
                    belongs = _belongs(key.venue, key.pk, field)
                    setattr(key, field, vault.seal(vault.open(bytes(sealed), belongs), belongs))
            key.rotated_at = timezone.now()
            key.save()
        record(
            "command line", "key.rotate", "master key", after={"keys": len(kept), "name": keys[0].name.hex()}
        )
        for head in AuditHead.objects.select_for_update():
            end = head.seq, bytes(head.hash)
            if chain.is_sealed(seals, chain.PEOPLE, *end, bytes(head.mac)):
                head.mac = chain.seal(seals[0], chain.PEOPLE, *end)
                head.save()
    if not isinstance(ledger, Path) or ledger.exists():
        connection = database_at(ledger).connect()
        try:
            _seal_ledger(connection, seals)
        finally:
            connection.close()
    return len(kept)


def _seal_ledger(connection: Connection, seals: Sequence[bytes]) -> None:
    """Seal the ledger's chains with the first of `seals`, if one of them sealed what is there."""
    with connection.transaction():
        if not connection.has_table("ledger_head"):
            return
        for name, prefix in ((chain.JOURNAL, ""), (chain.AUDIT, "audit_")):
            [(seq, hash, mac)] = connection.read(
                f"SELECT {prefix}seq, {prefix}hash, {prefix}mac FROM ledger_head"
            )
            if chain.is_sealed(seals, name, seq, bytes(hash), bytes(mac)):
                fresh = chain.seal(seals[0], name, seq, bytes(hash))
                connection.write(f"UPDATE ledger_head SET {prefix}mac = ?", [(fresh,)])


def _belongs(venue: str, id: str, field: str) -> str:
    return f"{venue}:{id}:{field}"
