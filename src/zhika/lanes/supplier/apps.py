from django.apps import AppConfig

from zhika.flows.lanes import Lane


class SupplierConfig(AppConfig):
    name = "zhika.lanes.supplier"
    label = "supplier"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.engine.serve import serve
        from zhika.lanes.supplier import acts, steps

        serve(Lane.SUPPLIER, steps, acts)
