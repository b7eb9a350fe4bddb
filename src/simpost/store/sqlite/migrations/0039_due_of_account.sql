-- A share for each account when more runs are due than one step sends.
CREATE INDEX automation_runs_due_of_account ON automation_runs (account_id, due_ms)
  WHERE state = 'waiting';
