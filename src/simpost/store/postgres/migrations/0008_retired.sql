ALTER TABLE plans ADD COLUMN retired_ms bigint;
ALTER TABLE esims ADD COLUMN retired_ms bigint;
CREATE INDEX esims_by_imsi ON esims (imsi) WHERE imsi <> '';
