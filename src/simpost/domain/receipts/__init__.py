"""Rules about delivery receipts: the part that a receipt belongs to.

Pure: the stores look up the candidates and apply what is decided here.
"""
