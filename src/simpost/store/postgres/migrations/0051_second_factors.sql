-- Authenticators of console users. One without confirmed_ms does not count yet.
CREATE TABLE console_totp (
  user_name text COLLATE "C" NOT NULL,
  secret text COLLATE "C" NOT NULL, -- sealed
  created_ms bigint NOT NULL,
  confirmed_ms bigint,
  last_step bigint NOT NULL, -- of the last code that was used: no earlier one counts
  failures integer NOT NULL, -- wrong codes since the last right one
  failed_ms bigint NOT NULL,
  CONSTRAINT console_totp_pk PRIMARY KEY (user_name)
);

-- Recovery codes that were not used. The codes themselves are not stored.
CREATE TABLE console_recovery_codes (
  user_name text COLLATE "C" NOT NULL,
  digest bytea NOT NULL, -- SHA-256
  CONSTRAINT console_recovery_codes_pk PRIMARY KEY (user_name, digest)
);
