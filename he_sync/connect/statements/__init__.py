"""Bank statement files: BAI2, camt.053, OFX, CSV, read strictly into one kind of line; a file is whole or refused."""
