"""The data integrator 易联众: registers in, production data, matching, the social side of the chip, handover."""
