-- What the account has in place of the settings of verifications, as JSON: {"digits":8}
ALTER TABLE accounts ADD COLUMN code_policy text NOT NULL DEFAULT '{}';
