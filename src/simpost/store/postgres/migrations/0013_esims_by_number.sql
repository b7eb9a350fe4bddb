-- Pages of all eSIMs follow their numbers octet by octet, whatever the collation of the database.
CREATE INDEX esims_by_number ON esims (esim_tran_no COLLATE "C");
