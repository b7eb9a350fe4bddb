-- What came in of before has no octets: it was kept as text alone.
ALTER TABLE incoming_parts ADD COLUMN raw BLOB;
ALTER TABLE inbound ADD COLUMN raw BLOB;
