"""Templates: texts with variables, in several languages, rendered to the text of a message.

`message_format` parses a text, `renderer` fills it in, `languages` has plural rules and number
formats, `definition` checks a template before it is saved, `preview` shows its longest texts,
`service` saves and renders through the store. Everything but `service` is pure. Nothing here
sends: the API passes the rendered text to intake.
"""
