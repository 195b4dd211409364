"""`report.html`: what finance looks at. One file without scripts or further files; every figure comes from the run."""
