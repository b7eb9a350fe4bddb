"""Plans, eSIMs and prices as files and upstreams give them: checked and brought into one form.

Files of any size are read in bounded memory. Imports save through the port `CatalogueStore`.
"""
