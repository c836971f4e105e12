from django.apps import AppConfig

from zhika.flows.lanes import Lane


class CentreConfig(AppConfig):
    name = "zhika.lanes.centre"
    label = "centre"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.engine.registry import ERRANDS
        from zhika.engine.serve import serve
        from zhika.lanes.centre import acts, destruction, steps

        serve(Lane.CENTRE, steps, acts)
        ERRANDS[Lane.CENTRE, "destroy"] = destruction.shred
