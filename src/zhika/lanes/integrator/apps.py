from django.apps import AppConfig

from zhika.flows.lanes import Lane


class IntegratorConfig(AppConfig):
    name = "zhika.lanes.integrator"
    label = "integrator"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.engine.serve import serve
        from zhika.lanes.integrator import acts, steps

        serve(Lane.INTEGRATOR, steps, acts)
