"""Rules for which messages a recipient may get, and when. Pure: facts and times are arguments."""
