from django.apps import AppConfig

from zhika.flows.lanes import Lane


class SupplierConfig(AppConfig):
    name = "zhika.lanes.supplier"
    label = "supplier"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.engine.registry import TODO
        from zhika.engine.serve import serve
        from zhika.lanes.supplier import acts, returning, steps

        serve(Lane.SUPPLIER, steps, acts)
        if returning.todo not in TODO:
            TODO.append(returning.todo)
