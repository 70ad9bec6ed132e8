"""What can be sold: brands, products with variants and pictures, prices with their history, and counted units."""
