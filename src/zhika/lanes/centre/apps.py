from functools import partial

from django.apps import AppConfig

from zhika.flows.lanes import Lane


class CentreConfig(AppConfig):
    name = "zhika.lanes.centre"
    label = "centre"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.craft import forming, requests
        from zhika.craft.blocking import due as lapses
        from zhika.craft.handing import by_proxy
        from zhika.engine import laying
        from zhika.engine.registry import (
            ARRIVED,
            BATCH_OF,
            BY_ID_NUMBER,
            BY_PROXY,
            DECIDED,
            DUE,
            ERRANDS,
            FROM_FILE,
            GATHER,
            IN_FULL,
            SAID,
            TODO,
            Decided,
        )
        from zhika.engine.serve import serve
        from zhika.lanes.centre import (
            acts,
            blocking,
            checking,
            counter,
            counties,
            destruction,
            mortality,
            rates,
            reminding,
            returns,
            settling,
            steps,
            telling,
            withdrawing,
        )
        from zhika.lanes.centre.models import Receipt

        serve(Lane.CENTRE, steps, acts)
        ERRANDS[Lane.CENTRE, "destroy"] = destruction.shred
        ERRANDS[Lane.CENTRE, "hand_out"] = counter.into_hands
        IN_FULL["form_requests"] = forming.in_full
        IN_FULL["withdraw"] = withdrawing.in_full
        BATCH_OF["withdraw"] = withdrawing.batch_of
        SAID["withdraw"] = withdrawing.said
        FROM_FILE["load_rates"] = rates.from_file
        DECIDED["confirm"] = Decided(checking.doubtful, checking.export, checking.note)
        for due in (forming.due_requests, lapses, reminding.due, telling.due):
            if due not in DUE:
                DUE.append(due)
        asked = (requests.todo, requests.todo_unentered, requests.todo_owed, forming.todo_requests)
        for source in (*asked, settling.todo, counties.todo, returns.todo):
            if source not in TODO:
                TODO.append(source)
        if requests.gather not in GATHER:
            GATHER.append(requests.gather)
        if telling.come not in ARRIVED:
            ARRIVED.append(telling.come)
        BY_PROXY[Lane.CENTRE] = partial(by_proxy, Receipt)
        BY_ID_NUMBER[Lane.CENTRE] = blocking.by_id_number
        ERRANDS[Lane.CENTRE, "return_cards"] = laying.lay
        FROM_FILE["load_deaths"] = mortality.from_file
