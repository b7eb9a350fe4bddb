-- When a broadcast is over, its recipients that wait or are held count as cancelled: their rows stay
-- as they are.
UPDATE broadcasts SET cancelled = total - accepted - refused, held = 0, look_ms = NULL
  WHERE ended_ms IS NOT NULL;
