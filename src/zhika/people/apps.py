from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "zhika.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.ledger.laws import LAWS
        from zhika.people.laws import one_live_card

        if one_live_card not in LAWS:
            LAWS.append(one_live_card)
