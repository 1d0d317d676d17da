A stand-in for six seconds of algebra.
