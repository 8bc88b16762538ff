"""What people did outside the engine: sign-ins, keys, settings. Written by `store.audit.recording` alone."""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    """One act, tied by its hash to all before it. The database refuses to change or remove it."""

    seq = models.BigIntegerField(primary_key=True)
    ts = models.BigIntegerField()  # ns UTC
    actor = models.TextField()
    action = models.TextField()
    subject = models.TextField()
    origin = models.TextField()  # the address it came from
    before = models.TextField()  # JSON
    after = models.TextField()  # JSON
    hash = models.BinaryField()

    class Meta:
        ordering = ["-seq"]
        indexes = [models.Index(fields=["ts", "seq"], name="audit_by_time")]

    def __str__(self) -> str:
        return f"{self.seq}: {self.actor} {self.action} {self.subject}"


class AuditHead(models.Model):
    """Where the chain ends: one row, sealed with a key that is not in the database."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    seq = models.BigIntegerField(default=0)
    hash = models.BinaryField(default=bytes)
    mac = models.BinaryField(default=bytes)

    def __str__(self) -> str:
        return f"head at {self.seq}"
