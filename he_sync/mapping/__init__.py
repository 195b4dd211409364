"""From one side's record to the other's: what a ticket is as a sales order. No I/O."""
