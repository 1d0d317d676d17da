"""An association's papers, each for one of its groups."""
