"""Stand-ins for Heartland Retail, the processor and Epicor over one synthetic world, on real HTTP."""
