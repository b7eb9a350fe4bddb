-- With what clients of accounts bind by SMPP. The password itself is not stored. Events of the
-- account up to `cursor` were acknowledged, or are none of the login's.
CREATE TABLE smpp_logins (
  account_id integer NOT NULL,
  system_id text COLLATE "C" NOT NULL,
  salt bytea NOT NULL,
  digest bytea NOT NULL, -- scrypt of the password
  created_ms bigint NOT NULL,
  ip_allow text NOT NULL, -- JSON array of networks
  cursor bigint NOT NULL,
  owner text NOT NULL, -- the node that sends receipts now
  lease_ms bigint NOT NULL,
  CONSTRAINT smpp_logins_pk PRIMARY KEY (account_id, system_id),
  CONSTRAINT smpp_logins_system_id UNIQUE (system_id)
);

-- Nodes reload logins with the accounts. Not for an UPDATE: that only says how far receipts are.
CREATE TRIGGER smpp_logins_changed AFTER INSERT OR DELETE ON smpp_logins
  FOR EACH STATEMENT EXECUTE FUNCTION tell_of_accounts();
