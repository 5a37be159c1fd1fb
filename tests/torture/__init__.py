"""Everything goes wrong at once, and the ledger must still hold each batch once."""
