from django.apps import AppConfig

from zhika.flows.lanes import Lane


class BankConfig(AppConfig):
    name = "zhika.lanes.bank"
    label = "bank"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.engine.serve import serve
        from zhika.lanes.bank import acts, steps
        from zhika.lanes.bank.laws import one_number
        from zhika.ledger.laws import LAWS

        serve(Lane.BANK, steps, acts)
        if one_number not in LAWS:
            LAWS.append(one_number)
