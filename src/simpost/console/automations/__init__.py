"""Pages of automations: the list, one with its runs and its preview, and the form to change it."""
