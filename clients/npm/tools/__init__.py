"""Programs that write parts of the npm client."""
