"""Mutation testing of `src/core` with cosmic-ray: `make mutants`.

Each mutant is the code with one small change. A mutant that no test notices survives, and shows
what the tests don't hold. cosmic-ray 8.7 was chosen over mutmut 3.8 because mutmut changes function
bodies only: most limits, tables and defaults here are constants, fields and class bodies.

`cosmic-ray.toml` says which of its operators are used, and why not the others. It has no operator
for texts, tables, arguments and single conditions, of which most rules consist here: `logic`,
`values`, `calls` and `statements` add these. `exempt` says what isn't mutated, and why. `run` tries
each mutant in a fork of a process that has loaded all libraries; the working tree stays as it is.
"""
