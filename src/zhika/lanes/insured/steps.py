"""The insured person does nothing in a batch but collect and activate; applications come with the sporadic charts."""
