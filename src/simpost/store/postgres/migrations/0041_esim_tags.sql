-- Tags that accounts give to their eSIMs.
CREATE TABLE esim_tags (
  account_id integer NOT NULL,
  tag text NOT NULL,
  esim_tran_no text NOT NULL,
  CONSTRAINT esim_tags_pk PRIMARY KEY (account_id, tag, esim_tran_no)
);

CREATE INDEX esim_tags_by_esim ON esim_tags (account_id, esim_tran_no, tag);

CREATE FUNCTION drop_esim_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM esim_tags WHERE account_id = old.account_id AND esim_tran_no = old.esim_tran_no;
  RETURN NULL;
END
$$;

CREATE TRIGGER esim_tags_go AFTER DELETE ON esims
  FOR EACH ROW EXECUTE FUNCTION drop_esim_tags();
