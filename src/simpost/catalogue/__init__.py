"""Plans, eSIMs and prices from files and upstreams: checked, and normalized to one form.

Files of any size are read in bounded memory. Imports save through the port `CatalogueStore`.
"""
