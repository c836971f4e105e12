"""The insured person 参保人员: applies, collects, activates."""
