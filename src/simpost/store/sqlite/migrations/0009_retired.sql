ALTER TABLE plans ADD COLUMN retired_ms INTEGER;
ALTER TABLE esims ADD COLUMN retired_ms INTEGER;
CREATE INDEX esims_by_imsi ON esims (imsi) WHERE imsi <> '';
