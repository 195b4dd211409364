"""Products in bulk: Epicor's parts and prices to the shop's items and grids, items born at the till to Epicor."""
