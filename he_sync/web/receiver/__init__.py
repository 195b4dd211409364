"""The receiver: takes events from outside, checks who sent them, keeps them durably, and only then says thanks.

One request goes through `protocol` (time, headers, connections), `app` (order of work), `sources` and `signatures` (who
and what), card numbers, `inlet` (one commit for all that wait) and, after the answer, `doorbell` (somebody drains).
"""
