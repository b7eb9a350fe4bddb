-- Accounts whose webhooks gave up are found without a look at every delivery.
CREATE INDEX webhook_deliveries_given_up ON webhook_deliveries (account_id, endpoint_id, sequence)
  WHERE state = 'exhausted';
