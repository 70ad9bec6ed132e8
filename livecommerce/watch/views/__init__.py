"""One module per page. A view asks, and prints what it was told."""
