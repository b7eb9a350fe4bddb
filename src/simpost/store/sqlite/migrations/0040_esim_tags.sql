-- Tags that accounts give to their eSIMs.
CREATE TABLE esim_tags (
  account_id INTEGER NOT NULL,
  tag TEXT NOT NULL,
  esim_tran_no TEXT NOT NULL,
  CONSTRAINT esim_tags_pk PRIMARY KEY (account_id, tag, esim_tran_no)
) STRICT, WITHOUT ROWID;

CREATE INDEX esim_tags_by_esim ON esim_tags (account_id, esim_tran_no, tag);

CREATE TRIGGER esim_tags_go AFTER DELETE ON esims
BEGIN
  DELETE FROM esim_tags WHERE account_id = old.account_id AND esim_tran_no = old.esim_tran_no;
END;
