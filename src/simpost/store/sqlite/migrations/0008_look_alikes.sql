-- Accounts of before send texts as they are.
ALTER TABLE accounts ADD COLUMN look_alikes INTEGER NOT NULL DEFAULT 0;
