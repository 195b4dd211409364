"""Card numbers and what must never be kept with them: found in any JSON document, cut to first six and last four.

Payment references are kept, card data never (PCI DSS 3.3.1, 3.5.1). `sweep` looks through a document, `numbers` knows
what a card number is however it is written, `secrets` knows verification codes, PIN blocks and tracks.
"""
