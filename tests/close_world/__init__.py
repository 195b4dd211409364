"""A world for the close: stores that live through weekends, a month end, clocks that change and what else goes wrong.

The days are the sandbox's own, with what it plants in them. What it cannot do is planted from here, into the stand-ins'
memory or over their ports: the bank's side of the ledger, reserves, an outage, a store whose tills were off line, a
ticket after the signature, entries by hand. The close runs by the product's own functions over HTTP; what should stand
in the ledger is added up from the documents that each day made, by nothing of the product's.
"""
