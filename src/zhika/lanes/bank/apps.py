from django.apps import AppConfig

from zhika.flows.lanes import Lane


class BankConfig(AppConfig):
    name = "zhika.lanes.bank"
    label = "bank"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.craft.blocking import due
        from zhika.engine import laying
        from zhika.engine.registry import BY_ID_NUMBER, DUE, ERRANDS, LEFT, TODO
        from zhika.engine.serve import serve
        from zhika.lanes.bank import accounts, acts, again, blocking, destruction, steps
        from zhika.lanes.bank.laws import one_number
        from zhika.ledger.laws import LAWS

        serve(Lane.BANK, steps, acts)
        if accounts.close not in LEFT:
            LEFT.append(accounts.close)
        for law in (one_number, blocking.blocked_pays_nothing):
            if law not in LAWS:
                LAWS.append(law)
        if due not in DUE:
            DUE.append(due)
        if blocking.todo not in TODO:
            TODO.append(blocking.todo)
        BY_ID_NUMBER[Lane.BANK] = blocking.by_id_number
        ERRANDS[Lane.BANK, "destroy"] = destruction.shred
        ERRANDS[Lane.BANK, "give_again"] = laying.lay
        if again.todo not in TODO:
            TODO.append(again.todo)
