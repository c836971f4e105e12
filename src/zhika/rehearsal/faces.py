"""A pair of card faces for each product, as pictures inside a page: the front, and a proof of the back."""

from base64 import b64encode
from io import BytesIO
from pathlib import Path

from PIL import Image

from zhika.card.face import RURAL, URBAN, Product
from zhika.paper import faces

PRODUCTS = {"A1": URBAN, "B1": RURAL}
"""What a batch's code begins with → its card product."""
QUALITY = 88


def figures(folder: Path) -> str:
    """Front and proof of one card of each product of which proofs lie in the supplier's home."""
    shown = []
    for head, product in PRODUCTS.items():
        proofs = sorted((folder / "supplier" / "files" / "proofs").glob(f"{head}-*"))
        if proofs:
            with Image.open(proofs[0]) as proof:
                shown.append(_pair(product, proof.convert("RGB"), proofs[0].relative_to(folder)))
    return f'<div class="cards">{"".join(shown)}</div>' if shown else "<p>没有样张。</p>"


def _pair(product: Product, proof: Image.Image, path: Path) -> str:
    return (
        f'<figure><img src="{_data(faces.front(product))}" alt="{product.title} 正面">'
        f"<figcaption>{product.title} 正面</figcaption></figure>"
        f'<figure><img src="{_data(proof)}" alt="{product.title} 背面样张">'
        f'<figcaption>{product.title} 背面样张　<a href="{path}">{path.name}</a></figcaption></figure>'
    )


def _data(image: Image.Image) -> str:
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{b64encode(out.getvalue()).decode()}"
