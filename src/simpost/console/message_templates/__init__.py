"""Pages of templates: the list, one template with its versions and texts, and the editor."""
