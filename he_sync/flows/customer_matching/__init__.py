"""The customers of both systems, matched: read by change, run when something changed, taken into the master.

`roster` keeps each side's customers, `records` makes both comparable, `running` matches them and compares the run with
the last one, `taking` brings it into the master. A run's files lie under `<home>/matching/<what it was made from>`.
"""
