"""Copies of the catalogues of suppliers: plans and eSIMs are pulled and imported.

`esim_access` speaks to the supplier, `pull` imports what it lists, and `service` decides when.
"""
