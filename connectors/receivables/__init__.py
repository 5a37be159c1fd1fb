"""
The neutral shapes of customer payments, and what a source and a target of them promise.

A *source* is where payments are registered (Visma Business); a *target* is where the invoices are
followed up (PowerOffice Go). Nothing here knows a vendor. Amounts are Decimals in the minor unit
of their currency; a payment is positive, a returned one negative.
"""
