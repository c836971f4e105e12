"""What each lane's own tables hold before a chart begins."""

from zhika.flows.documents import FORM, PHOTO
from zhika.flows.lanes import Lane

FORM_FIELDS = {field.name for field in FORM} | {"id_no", "name", PHOTO.name}
MATERIAL_FIELDS = {"consignment", "kind", "count", "cos_version", "cos_digest"}
BANK_FIELDS = {"prefix", "keys", "branch"}

BATCH_OWN = {
    Lane.UNIT: {"lot", "line", "status"} | FORM_FIELDS,
    Lane.INTEGRATOR: {"insurance", "household"} | MATERIAL_FIELDS,
    Lane.BANK: BANK_FIELDS,
}
NEW_OWN = {
    Lane.INSURED: FORM_FIELDS,
    Lane.INTEGRATOR: MATERIAL_FIELDS,
    Lane.BANK: BANK_FIELDS,
}
REPLACEMENT_OWN = {
    Lane.INSURED: {"id_no", "name"},
    Lane.INTEGRATOR: FORM_FIELDS | MATERIAL_FIELDS,  # the production database: form and photo of the old card
    Lane.BANK: BANK_FIELDS,
}

MAKERS = ("collect", "confirm", "form")
ASKERS = ("fill_form", "apply", "apply_replacement", "form_requests")
"""Rows and acts by which a card is made or asked for: who did one of them may not hand that card out."""
