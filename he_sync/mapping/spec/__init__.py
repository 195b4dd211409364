"""A mapping as a file: which field of a record becomes which, in three levels, checked, compiled, tried and edited."""
