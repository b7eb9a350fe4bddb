"""/v1/broadcasts: one template to many eSIMs."""
