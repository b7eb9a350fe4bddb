-- name: esims_of_verifications
-- The eSIMs of verifications that exist. None of them is locked.
SELECT v.esim
FROM unnest($1::integer[], $2::bytea[]) AS n (account_id, id)
JOIN verifications AS v USING (account_id, id)
