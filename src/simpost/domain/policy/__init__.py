"""Rules about what may be sent to whom and when. Pure: facts and times are passed in."""
