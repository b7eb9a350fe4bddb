"""Twilio's Messages resource: send, fetch, list and cancel, with form bodies and HTTP Basic."""
