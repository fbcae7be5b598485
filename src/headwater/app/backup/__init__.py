"""Backups: one archive with everything that cannot be computed again, and a home folder made from one."""

from headwater.app.backup.archive import Manifest
from headwater.app.backup.making import BackupReport, back_up
from headwater.app.backup.restoring import RestoreReport, restore

__all__ = ["BackupReport", "Manifest", "RestoreReport", "back_up", "restore"]
