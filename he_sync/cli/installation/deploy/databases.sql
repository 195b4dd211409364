-- Beside the store's own, which the server makes: Dagster's runs. Both keep a table of the same name.
CREATE DATABASE dagster OWNER he_sync;
