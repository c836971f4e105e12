"""The chip of a social security card, reached by APDU only.

`apdu` is the wire, `files` the card files of LD/T 32 as tables, `social` what the integrator does to a chip, `public`
the public area between integrator and bank, `financial` what the bank does; `softcard` is a chip in software,
`sealed` how its memory lies at rest. Algorithms that public standards leave open are marked as ours where they stand.
"""
