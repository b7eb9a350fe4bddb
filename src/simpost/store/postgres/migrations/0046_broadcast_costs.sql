-- What the parts of broadcasts cost, in 1/10,000 cost unit. A part without a known price counts
-- one unit, and so do those that were sent before there were prices.
ALTER TABLE broadcasts ADD COLUMN most_cost bigint;
ALTER TABLE broadcasts ADD COLUMN cost bigint NOT NULL DEFAULT 0;
ALTER TABLE broadcasts ADD COLUMN unpriced integer NOT NULL DEFAULT 0;
ALTER TABLE broadcast_recipients ADD COLUMN cost bigint;
UPDATE broadcasts SET cost = 10000 * parts::bigint, unpriced = accepted WHERE accepted > 0;
UPDATE broadcast_recipients SET cost = 10000 * parts::bigint WHERE state = 'accepted';

-- A budget counts parts, or cost in 1/10,000 cost unit.
ALTER TABLE quota_uses ALTER COLUMN used TYPE bigint;
