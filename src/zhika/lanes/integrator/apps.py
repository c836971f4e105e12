from django.apps import AppConfig

from zhika.flows.lanes import Lane


class IntegratorConfig(AppConfig):
    name = "zhika.lanes.integrator"
    label = "integrator"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.engine.registry import DUE, FROM_FILE, TODO
        from zhika.engine.serve import serve
        from zhika.lanes.integrator import acts, forming, laws, material, registers, steps
        from zhika.ledger.laws import LAWS

        serve(Lane.INTEGRATOR, steps, acts)
        for known, own in ((LAWS, laws.one_number), (DUE, forming.due)):
            if own not in known:
                known.append(own)  # type: ignore[attr-defined]
        for source in (forming.todo, material.todo, registers.todo):
            if source not in TODO:
                TODO.append(source)
        FROM_FILE["load_register"] = registers.from_file
