"""Floor 1: entities and their contracts, money, quantities, the business calendar, the retailer's profile, errors."""
