"""What can be sold: brands, products with their variants and pictures, prices with their history, and units that are counted."""
