CREATE INDEX receipts_ambiguous ON receipts (last_ms) WHERE standing = 'ambiguous';
