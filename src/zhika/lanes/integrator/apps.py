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
        if laws.one_number not in LAWS:
            LAWS.append(laws.one_number)
        if forming.due not in DUE:
            DUE.append(forming.due)
        for source in (forming.todo, material.todo, registers.todo):
            if source not in TODO:
                TODO.append(source)
        FROM_FILE["load_register"] = registers.from_file
