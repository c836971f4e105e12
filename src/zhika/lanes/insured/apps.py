from django.apps import AppConfig

from zhika.flows.lanes import Lane


class InsuredConfig(AppConfig):
    name = "zhika.lanes.insured"
    label = "insured"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhika.engine.registry import FROM_FILE
        from zhika.engine.serve import serve
        from zhika.lanes.insured import acts, forms, replacing, steps

        serve(Lane.INSURED, steps, acts)
        FROM_FILE["fill_form"] = forms.from_file
        FROM_FILE["apply_replacement"] = replacing.from_file
