-- Whether texts of the compatible API that look like one-time codes are sent as codes.
ALTER TABLE accounts ADD COLUMN detect_codes INTEGER NOT NULL DEFAULT 0;
