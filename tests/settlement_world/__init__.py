"""Settlement worlds of our own: any seed, size and break rate, in exactly the format of the shared samples, with truth.

`python -m tests.settlement_world.make --payments 1000000 --seed 3 --breaks 0.01 --out DIR` writes one,
`python -m tests.settlement_world.score DIR OUT` holds an output folder against its truth.

Ids (N: rows of pos_payments, indices from 0): payment 10000000+i (first legs in the orders' order, second legs, voids,
refunds), line 20000000+i, batch 30000000+i (also those that blind entities never show), bank line 40000000+i (also
those that never arrived), order 50000000+i, ERP document 70000000+order, of a second push 80000000+order, ledger line
60000000+payment, duplicates 61000000+N, day summaries 62000000+2N, deposits 65000000+2N, batches 69000000+4N. An
inventory record is location * number of SKUs + SKU.

Truth: `links` PL, LB, BD, PG, PS, DG, VO; `labels` with delta_cents = what the record says minus what it should say (a
missing record: minus its amount); `control` with the identities of `identities.py`, 0 once the labels are applied.

Blind entities' fee journals (source BATCH) name the batch that their report does not, as in the samples; the switch
`unnamed_batches` takes that away too (ref 0), `unposted_fees` the whole journal.
The lines' ids follow the batches, as in the samples and as a report is numbered; `shuffled_lines` takes that away.

What the samples lack has its own switch, and this format:

- currencies: a column `currency` (ISO 4217) in stores, pos_payments, settlement_lines, batches, bank_lines and
  gl_lines; a store, its lines and batches have one. `rates` (currency, rate_date, rate): from that day on, units of the
  terms' currency for one unit, decimal text. Where an account's currency (that of its bank_lines) differs from its
  stores', every deposit and withdrawal (cash too) is converted as a whole: amount * rate(store) / rate(account) by the
  rates of the value date, half away from zero. FX is computed, never a break. Ledger: 1010 in the account's currency,
  clearing in the stores'.
- reserves: lines of type RESERVE_HOLD (gross -x, no fee, no reference) in a batch, and RESERVE_RELEASE (gross +x) some
  days later; batches have a column `reserve_cents` (the sum of both), part of the payout; terms `reserves`: by bank
  account, `bps` of a batch's sales and `release_days`. Ledger, source BATCH: account `reserve` against clearing.
- split funding: one batch paid by two bank lines, the second on the same or the next bank day; two BD links.
- two breaks on one record: two labels with the same table and record_id; their deltas add up.
- garbled references: a digit of auth_ref, of the ledger's ref or of a memo's batch id is wrong; no label, links stay.
- duplicate settlement lines: a sale settled a second time (same auth_ref, gross and fee, its own line_id, same or next
  batch) and paid out; label duplicate_settlement_line, related_id the payment, delta its gross; the lower line is PL.
- disputes won back: type CHARGEBACK_REVERSAL (gross +amount, no fee, the sale's reference), in the batch's
  chargebacks_cents. Ledger, source BATCH: clearing against `chargebacks`.
- offline approvals declined later: the SALE line, and one to three days later type REJECT (gross -amount, no fee, the
  sale's reference), in the batch's refunds_cents. Ledger, source BATCH: account `rejected` against clearing. Label
  offline_declined on the REJECT line, related_id the payment, delta -amount, part of settled_minus_pos_card.
"""
