"""Key rings: several keys, of which the newest active one signs."""
