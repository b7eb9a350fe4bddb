"""/v1/templates: save, list, show, preview and delete templates."""
