-- Nodes, and the rows that they share.

-- name: register_node
INSERT INTO nodes (name, run, roles, version, lease_s, started_ms, beat_ms, serial, report)
SELECT $1, $2, $3, $4, $5, now_ms, now_ms, 1, '{}'
FROM (SELECT (1000 * extract(epoch FROM clock_timestamp()))::bigint AS now_ms) AS clock
ON CONFLICT (name) DO NOTHING RETURNING name

-- name: beat
UPDATE nodes SET
  serial = serial + 1, report = $3,
  beat_ms = (1000 * extract(epoch FROM clock_timestamp()))::bigint
WHERE name = $1 AND run = $2 RETURNING serial

-- name: acquire_leases
INSERT INTO leases (thing, node) SELECT unnest($2::text[]), $1
ON CONFLICT (thing) DO UPDATE SET node = excluded.node WHERE leases.node IS NULL

-- name: release_leases
UPDATE leases SET node = NULL WHERE node = $1 AND thing = ANY ($2::text[])

-- name: release_all_leases
UPDATE leases SET node = NULL WHERE node = $1

-- name: remove_node
DELETE FROM nodes WHERE name = $1 AND run = $2 RETURNING name

-- name: evict_node
DELETE FROM nodes WHERE name = $1 AND run = $2 AND serial = $3 RETURNING name

-- name: abandoned_nodes
-- Reads few rows: a node leases no more parts than its lanes take.
SELECT DISTINCT p.owner FROM parts AS p
WHERE p.owner IS NOT NULL AND p.due_ms IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM nodes AS n WHERE n.name = p.owner)

-- name: list_nodes
SELECT name, run, roles, version, lease_s, started_ms, beat_ms, serial, report FROM nodes ORDER BY name

-- name: list_leases
SELECT thing, node FROM leases WHERE node IS NOT NULL

-- name: list_orders
SELECT carrier, unbind FROM orders

-- name: set_order
INSERT INTO orders (carrier, unbind) VALUES ($1, $2)
ON CONFLICT (carrier) DO UPDATE SET unbind = excluded.unbind

-- name: cancel_order
DELETE FROM orders WHERE carrier = $1

-- name: clock_and_versions
SELECT (1000 * extract(epoch FROM clock_timestamp()))::bigint AS now_ms,
  coalesce((SELECT version FROM changes WHERE name = 'accounts'), 0) AS accounts_version,
  coalesce((SELECT version FROM changes WHERE name = 'reloads'), 0) AS reloads

-- name: order_reload
INSERT INTO changes AS c (name, version) VALUES ('reloads', 1)
ON CONFLICT (name) DO UPDATE SET version = c.version + 1 RETURNING version

-- name: create_bucket
INSERT INTO paces (account_id, level, stamp_ms, granted)
VALUES ($1, $2, 1000 * extract(epoch FROM clock_timestamp())::double precision, 0)
ON CONFLICT (account_id) DO NOTHING

-- name: take_tokens
-- Refills the bucket up to now and takes the requested tokens, or as many as there are. A stamp in
-- the future means that the clock was set back: refill from now on.
UPDATE paces AS p SET
  level = least($3::double precision, p.level + greatest(0, n.now_ms - p.stamp_ms) * $2 / 1000)
    - least($4::integer, floor(
        least($3, p.level + greatest(0, n.now_ms - p.stamp_ms) * $2 / 1000))),
  granted = least($4, floor(
    least($3, p.level + greatest(0, n.now_ms - p.stamp_ms) * $2 / 1000))),
  stamp_ms = CASE WHEN p.stamp_ms > n.now_ms + 1000 THEN n.now_ms
    ELSE greatest(p.stamp_ms, n.now_ms) END
FROM (
  SELECT 1000 * extract(epoch FROM clock_timestamp())::double precision AS now_ms
) AS n
WHERE p.account_id = $1
RETURNING p.granted::integer AS tokens, greatest(0, 1 - p.level) AS missing
