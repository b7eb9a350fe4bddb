"""Rules about delivery receipts: which part a receipt is of.

Pure: the stores look up the candidates and apply what is decided here.
"""
