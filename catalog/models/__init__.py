"""The tables of the catalogue, a file per noun."""

from catalog.models.brand import Brand, BrandStaff
from catalog.models.product import PriceChange, Product, ProductImage, Variant
from catalog.models.stock import Stock, StockEntry, StockSales

__all__ = [
    "Brand",
    "BrandStaff",
    "PriceChange",
    "Product",
    "ProductImage",
    "Stock",
    "StockEntry",
    "StockSales",
    "Variant",
]
