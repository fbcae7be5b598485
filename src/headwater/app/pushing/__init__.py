"""What the catalog knows, pushed to another Atlas or Purview."""

from headwater.app.pushing.handler import PushHandler, keep_pushing
from headwater.app.pushing.service import Pushes, PushReport
from headwater.app.pushing.settings import Target, read_targets

__all__ = ["PushHandler", "PushReport", "Pushes", "Target", "keep_pushing", "read_targets"]
