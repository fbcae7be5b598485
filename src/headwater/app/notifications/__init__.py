"""Being told: what is sent by mail and webhook, and what people find in the app."""

from headwater.app.notifications.handler import NotifyHandler
from headwater.app.notifications.inbox import Inbox, InboxPage, Notification
from headwater.app.notifications.settings import Mail, Webhooks, read_mail, read_webhooks

__all__ = ["Inbox", "InboxPage", "Mail", "Notification", "NotifyHandler", "Webhooks", "read_mail", "read_webhooks"]
