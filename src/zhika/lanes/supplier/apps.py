from django.apps import AppConfig

from zhika.flows.lanes import Lane


class SupplierConfig(AppConfig):
    name = "zhika.lanes.supplier"
    label = "supplier"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.engine.registry import ERRANDS, TODO
        from zhika.engine.serve import serve
        from zhika.lanes.supplier import acts, returning, steps, waste

        serve(Lane.SUPPLIER, steps, acts)
        ERRANDS[Lane.SUPPLIER, "destroy_waste"] = waste.shred
        for source in (returning.todo, waste.todo):
            if source not in TODO:
                TODO.append(source)
