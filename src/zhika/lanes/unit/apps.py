from functools import partial

from django.apps import AppConfig

from zhika.flows.lanes import Lane


class UnitConfig(AppConfig):
    name = "zhika.lanes.unit"
    label = "unit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.craft import overdue
        from zhika.craft.handing import by_proxy
        from zhika.engine import laying
        from zhika.engine.registry import BY_PROXY, ERRANDS, FROM_FILE, TODO
        from zhika.engine.serve import serve
        from zhika.lanes.unit import acts, collecting, handing, steps
        from zhika.lanes.unit.models import Receipt

        serve(Lane.UNIT, steps, acts)
        ERRANDS[Lane.UNIT, "hand_out"] = handing.into_hands
        ERRANDS[Lane.UNIT, "return_cards"] = laying.lay
        if overdue.at_units not in TODO:
            TODO.append(overdue.at_units)
        BY_PROXY[Lane.UNIT] = partial(by_proxy, Receipt)
        FROM_FILE["collect"] = collecting.from_file
