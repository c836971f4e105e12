from django.apps import AppConfig

from zhika.flows.lanes import Lane


class UnitConfig(AppConfig):
    name = "zhika.lanes.unit"
    label = "unit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.engine.registry import FROM_FILE
        from zhika.engine.serve import serve
        from zhika.lanes.unit import acts, collecting, steps

        serve(Lane.UNIT, steps, acts)
        FROM_FILE["collect"] = collecting.from_file
