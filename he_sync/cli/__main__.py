"""`python -m he_sync.cli`: the same as `he-sync`, for where the script is not on the path."""

from he_sync.cli.main import main

main()
