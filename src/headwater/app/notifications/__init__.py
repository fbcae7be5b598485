"""Being told: what is sent by mail and webhook, and what people find in the app."""
