"""What an application is: addresses, bot, limits, what to do at its side."""

from dataclasses import dataclass

from app.connectors import categories

MEGABYTE = 1_000_000
# Media types that a tool may list, as `library.receiving` finds them, with their names.
TYPE_NAMES = {
    "application/pdf": "PDF",
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/heic": "HEIC",
    "application/msword": "DOC",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
    "application/vnd.oasis.opendocument.text": "ODT",
    "application/rtf": "RTF",
    "application/zip": "ZIP",
    "text/html": "HTML",
    "text/plain": "TXT",
}
# What is sent in another form to a tool that does not list it, but lists that one.
CONVERTED = {"image/heic": "image/jpeg"}
# Where a tool's own are not known.
USUAL_TYPES = ("application/pdf", "image/jpeg", "image/png")
USUAL_MEGABYTES = 14
# Colours of the tiles, `.tile-<tone>` in cabinet.css.
TONES = (
    *("green", "orange", "blue", "teal", "violet", "sky"),
    *("amber", "red", "indigo", "rose", "slate"),
)


@dataclass(frozen=True)
class Slot:
    """One address that the tool has for a company (purchases, sales…)."""

    key: str
    name: str
    # Kinds of folders that it is meant for; elsewhere the product warns.
    folder_kinds: tuple[str, ...]
    # Where the tool's addresses usually are: another domain is asked about twice.
    usual_domain: str = ""
    # The local part that the tool gives, with {company} for the slug; empty when it
    # cannot be foreseen.
    usual_name: str = "{company}"

    def usual_address(self, company_slug: str) -> str:
        """What the tool usually gives to the company; nothing where none is known."""
        if not self.usual_domain or not self.usual_name:
            return ""
        name = self.usual_name.replace("{company}", company_slug)
        return f"{name}@{self.usual_domain}"


@dataclass(frozen=True)
class Step:
    """Something to do on the tool's side; `copy` is destination, bot or nothing."""

    key: str
    title: str
    text: str
    copy: str = ""


@dataclass(frozen=True)
class PartnerApp:
    key: str
    name: str
    short_name: str
    monogram: str
    tone: str
    category: str
    summary: str
    bot_prefix: str
    # company: a sender for each of them; firm: one sender for all.
    bot_owner: str
    slots: tuple[Slot, ...]
    # Media types that it takes; none listed means any.
    types: tuple[str, ...]
    max_file_bytes: int
    # A smaller limit for pictures alone.
    max_image_bytes: int | None = None
    # The sender's slug holds letters and digits only.
    bot_is_plain: bool = False
    # from: by the header; envelope: by MAIL FROM.
    sender_known_by: str = "from"
    # MAIL FROM. bot: its address; verp: an address of each delivery's own, by which
    # what comes back is known for certain.
    envelope: str = "bot"
    # Messages that it takes in 24 hours.
    daily_ceiling: int | None = None
    demo_url: str = ""
    steps: tuple[Step, ...] = ()

    @property
    def category_name(self) -> str:
        return categories.name_of(self.category)

    @property
    def type_names(self) -> tuple[str, ...]:
        return tuple(TYPE_NAMES.get(each, each) for each in self.types)

    def accepts(self, content_type: str) -> bool:
        return self.sent_as(content_type) is not None

    def sent_as(self, content_type: str) -> str | None:
        """The type that a file of this one leaves as; None when it may not leave."""
        other = CONVERTED.get(content_type)
        if not self.types or content_type in self.types:
            return content_type
        return other if other in self.types else None

    def largest(self, content_type: str) -> int:
        """Bytes that a file of this type may have."""
        if self.max_image_bytes is not None and content_type.startswith("image/"):
            return self.max_image_bytes
        return self.max_file_bytes

    def label(self, slot: Slot) -> str:
        """The name, with the slot's where there are several."""
        return self.name if len(self.slots) == 1 else f"{self.name} · {slot.name}"

    def slot(self, key: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.key == key), None)
