CREATE INDEX parts_in_doubt ON parts (carrier) WHERE state = 40;
ALTER TABLE receipts ADD COLUMN text_id TEXT; -- of its text, where that is not the one in the TLV
CREATE INDEX receipts_by_text_id ON receipts (carrier, text_id) WHERE text_id IS NOT NULL;
