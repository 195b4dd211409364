"""From the ERP back to the shop: what became of an order there, as status, invoices, stock and account fields."""
