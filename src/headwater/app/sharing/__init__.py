"""Published tables, shared by links that expire."""

from headwater.app.sharing.settings import SharingSettings, read_sharing
from headwater.app.sharing.shares import NewShare, Share, Shares
from headwater.app.sharing.using import OpenShare

__all__ = ["NewShare", "OpenShare", "Share", "Shares", "SharingSettings", "read_sharing"]
