"""Pages of broadcasts: the list, one broadcast, a new one with its preview, and files of eSIMs."""
