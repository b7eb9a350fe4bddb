-- What the parts of broadcasts cost, in 1/10,000 cost unit. A part without a known price counts
-- one unit, and so do those that were sent before there were prices.
ALTER TABLE broadcasts ADD COLUMN most_cost INTEGER;
ALTER TABLE broadcasts ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE broadcasts ADD COLUMN unpriced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE broadcast_recipients ADD COLUMN cost INTEGER;
UPDATE broadcasts SET cost = 10000 * parts, unpriced = accepted WHERE accepted > 0;
UPDATE broadcast_recipients SET cost = 10000 * parts WHERE state = 'accepted';
