-- What the sends of a verification count for: the eSIM by its ICCID, and the number's prefix and country.
ALTER TABLE verifications ADD COLUMN esim text NOT NULL DEFAULT '';
ALTER TABLE verifications ADD COLUMN prefix text NOT NULL DEFAULT '';
ALTER TABLE verifications ADD COLUMN country text NOT NULL DEFAULT '';
