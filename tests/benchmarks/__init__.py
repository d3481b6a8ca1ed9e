"""What the benchmarks rely on: their answers and PUTs are like real ones. Nothing is timed here."""
