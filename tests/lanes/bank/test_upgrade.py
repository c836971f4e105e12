"""An older store of a bank is not brought up while a destruction is begun that its books don't know."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from tests.lanes.workshop import CODE, Workshop
from zhika.engine import plastic
from zhika.engine.acts import act
from zhika.errors import NotReady

upgrade = import_module("zhika.lanes.bank.migrations.0003_destroyed_by_the_books")


def older(serials: list[str]) -> ProjectState:
    """The models as they were, with these cards' destruction begun."""
    state = ProjectState.from_apps(apps)
    made = migrations.CreateModel(
        "Destroyed",
        [("id", models.BigAutoField(primary_key=True)), ("serial", models.CharField(max_length=20)),
         ("batch_code", models.CharField(max_length=40))],
    )  # fmt: skip
    made.state_forwards("bank", state)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bank_destroyed (id integer PRIMARY KEY, serial varchar(20), batch_code varchar(40))"
        )
    begun = state.apps.get_model("bank", "Destroyed")
    for at, serial in enumerate(serials):
        begun.objects.create(id=at, serial=serial, batch_code=CODE)
    return state


@pytest.mark.parametrize("ended", [True, False])
def test_what_was_begun_must_be_in_the_books(workshop: Workshop, ended: bool) -> None:
    workshop.do("print_faces", "laminate", "return_semi_finished")
    workshop.personalise()
    app_no = workshop.batch.cards.get(serial=workshop.serial(1)).application_ref
    plastic.fail(workshop.batch, {app_no: "misprint"}, step="test", source="works")
    plastic.void_failed(workshop.batch, by="test")
    if ended:
        assert act(
            workshop.seat, "destroy", CODE, by="王芳", second="李敏", batch=workshop.batch, process="rural-batch"
        )
    state = older([workshop.serial(1)])
    if ended:
        upgrade.all_booked(state.apps, None)
        assert state.apps.get_model("bank", "Destroyed").objects.count() == 1
    else:
        with pytest.raises(NotReady, match=f"批次 {CODE} 的销毁已开始而未入账"):
            upgrade.all_booked(state.apps, None)
