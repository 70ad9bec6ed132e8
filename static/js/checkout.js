// Bag, order and bank check: what these pages add to every page's elements.
import "elements/drain-line";
import "elements/hold-clock";
import "elements/order-watch";
import "elements/pay-form";
