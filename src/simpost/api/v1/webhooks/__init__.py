"""/v1/webhooks: endpoints of an account, and what was delivered to them."""
