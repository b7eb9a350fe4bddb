-- The budgets of the account, as JSON: [{"prefix":"66","day":1000,"month":20000}]
ALTER TABLE accounts ADD COLUMN budgets TEXT NOT NULL DEFAULT '[]';
