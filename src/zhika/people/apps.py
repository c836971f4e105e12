from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "zhika.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.ledger.laws import LAWS
        from zhika.people import laws

        for law in (laws.one_live_card, laws.receipts_unbroken, laws.money_settled):
            if law not in LAWS:
                LAWS.append(law)
