"""Copies of the catalogues of suppliers: plans and eSIMs are pulled and imported.

`esim_access`, `esim_go` and `esimfly` each speak to a supplier, `pull` imports what it lists, and
`service` decides when.
"""
