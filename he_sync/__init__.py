"""he-sync: Heartland Retail and Epicor Kinetic kept in step. The engine; it knows no Dagster."""
