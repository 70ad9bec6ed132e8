"""Money and promises: holds, the queue, carts, orders, payments. A unit that is paid for is a unit that was held."""
