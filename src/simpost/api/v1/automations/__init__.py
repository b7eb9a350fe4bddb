"""/v1/automations: messages that transitions of eSIMs start."""
