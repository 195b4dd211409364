"""What nights pulled, as the folder of files that the settlement chain reads: canonical frames of days to relations.

Ids of both systems are texts or numbers of their own; a relation's ids are numbers, and `Numbers` tells what each
stands for. Where a frame knows less than a relation asks, it says so here:

- a payment's brand is that of its settlement line, "card" while it has none;
- the processor states fees by deposit: a line has the contract's fee, and what a deposit charged above or below that
  stands on its largest line;
- chargebacks are stated by deposit too and become one line of their own;
- cash is expected at the bank only where `cash_is_banked`, else its tender is called "till";
- where the close posts store-days, payments are posted by one line a store, date and tender's account;
- what was sold before the first day is no business of the folder, and neither are the deposits that paid it.
"""
