from django.apps import AppConfig

from zhika.flows.lanes import Lane


class BankConfig(AppConfig):
    name = "zhika.lanes.bank"
    label = "bank"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.engine.serve import serve
        from zhika.lanes.bank import acts, steps

        serve(Lane.BANK, steps, acts)
