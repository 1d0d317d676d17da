A stand-in for the next six seconds of algebra.
