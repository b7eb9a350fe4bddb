-- What the sends of a verification count for: the eSIM by its ICCID, and the number's prefix and country.
ALTER TABLE verifications ADD COLUMN esim TEXT NOT NULL DEFAULT '';
ALTER TABLE verifications ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
ALTER TABLE verifications ADD COLUMN country TEXT NOT NULL DEFAULT '';
