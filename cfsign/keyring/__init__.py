"""Key rings: several key pairs, of which the newest active one signs."""
