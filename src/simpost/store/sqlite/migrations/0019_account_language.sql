-- The default language of the account's templates, as a tag such as pt-BR.
ALTER TABLE accounts ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
