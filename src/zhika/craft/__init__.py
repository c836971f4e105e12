"""What several lanes do at their own benches and counters: print, laminate, embed, hand out, take a request.

It lies below the lanes, so that each step function is a few lines; what a lane remembers stands in its own tables.
"""
