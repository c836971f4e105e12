from django.apps import AppConfig

from zhika.flows.lanes import Lane


class IntegratorConfig(AppConfig):
    name = "zhika.lanes.integrator"
    label = "integrator"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.craft import forming
        from zhika.engine.registry import DUE, ERRANDS, FROM_FILE, IN_FULL, NUMBERS, TODO, TRACES
        from zhika.engine.serve import serve
        from zhika.lanes.integrator import (
            acts,
            laws,
            leading,
            material,
            numbers,
            planning,
            registers,
            restarting,
            shelving,
            steps,
            traces,
            waste,
        )
        from zhika.ledger.laws import LAWS

        serve(Lane.INTEGRATOR, steps, acts)
        if laws.one_number not in LAWS:
            LAWS.append(laws.one_number)
        for rule in (forming.due, shelving.due):
            if rule not in DUE:
                DUE.append(rule)
        ERRANDS[Lane.INTEGRATOR, "shelve_material"] = shelving.carry
        ERRANDS[Lane.INTEGRATOR, "destroy_waste"] = waste.shred
        for source in (forming.todo, material.todo, registers.todo, restarting.todo, waste.todo):
            if source not in TODO:
                TODO.append(source)
        if numbers.recorded not in NUMBERS:
            NUMBERS.append(numbers.recorded)
        TRACES.update(
            chip=traces.chip, cos=traces.cos, consignment=traces.consignment, sheet=traces.sheet, key=traces.key
        )
        IN_FULL["form"] = forming.in_full
        FROM_FILE["load_register"] = registers.from_file
        FROM_FILE["load_plan"] = planning.from_file
        FROM_FILE["load_leaders"] = leading.from_file
