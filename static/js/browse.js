// Home, schedule, host, brand and product: what their pages add to every page's elements.
import "elements/count-down";
import "elements/product-gallery";
import "elements/product-options";
import "elements/stock-bar";
