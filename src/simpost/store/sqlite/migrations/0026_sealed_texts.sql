-- `text_key` is the id of the key that sealed the texts of a row and of its parts; NULL: they are
-- not sealed. `redacted_ms` is when they were erased.
ALTER TABLE messages ADD COLUMN text_key TEXT;
ALTER TABLE messages ADD COLUMN redacted_ms INTEGER;
ALTER TABLE inbound ADD COLUMN text_key TEXT;
ALTER TABLE inbound ADD COLUMN redacted_ms INTEGER;
ALTER TABLE incoming_parts ADD COLUMN text_key TEXT;
ALTER TABLE preference_changes ADD COLUMN text_key TEXT;
ALTER TABLE preference_changes ADD COLUMN redacted_ms INTEGER;
ALTER TABLE preference_flags ADD COLUMN text_key TEXT;
ALTER TABLE preference_flags ADD COLUMN redacted_ms INTEGER;
