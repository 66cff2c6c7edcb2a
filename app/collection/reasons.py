"""Why a mail or a part of one was not filed by itself, as sentences for people."""

from dataclasses import dataclass

from app.collection.models import InboundMail, InboundPart
from app.delivery.badges import Badge
from app.texts import gettext as _

# Nothing of these was meant for a folder.
NO_PAPERS = ("nothing_to_file", "loop")
# Looks of a pill: tone and icon.
LOOKS = {
    "unknown_sender": ("warn", "user-question"),
    "unknown_address": ("info", "mail-question"),
    "nothing_to_file": ("mute", "paperclip"),
    "no_folder": ("warn", "folder"),
    "archived": ("mute", "lock"),
    "address_ended": ("info", "history"),
    "damaged": ("warn", "alert-triangle"),
    "oversize": ("warn", "alert-triangle"),
    "partial": ("warn", "alert-triangle"),
    "loop": ("mute", "refresh"),
    "flood": ("mute", "player-pause"),
    "spoofed": ("bad", "shield-x"),
    "not_proven": ("warn", "shield-x"),
    "refused": ("bad", "shield-x"),
}


@dataclass(frozen=True)
class Reason:
    """`badge` for a list; `sentence` for whoever asks why."""

    badge: Badge
    sentence: str


def reason_of(mail: InboundMail, detail: str = "") -> Reason:
    """`detail`: the nearest address there is, or what was said of the refused part."""
    company = mail.company.name if mail.company else _("the company")
    tone, icon = LOOKS.get(mail.reason, ("mute", "mail-question"))
    text = pill(mail.reason, company, mail.recipient, detail)
    return Reason(
        Badge(mail.reason, text, tone, icon),
        sentence(mail.reason, company, mail.recipient, detail),
    )


def pill(reason: str, company: str, recipient: str = "", detail: str = "") -> str:
    """In a few words."""
    local = recipient.rpartition("@")[0]
    return {
        "unknown_sender": _("Sender never seen for %(company)s", company=company),
        "unknown_address": _("Misspelt address: %(address)s@", address=local),
        "nothing_to_file": _("Nothing to file"),
        "no_folder": _("No folder to file it in"),
        "archived": _("%(company)s is archived", company=company),
        "address_ended": _("Former address: %(address)s@", address=local),
        "damaged": _("Damaged message"),
        "oversize": _("Too large to be filed by itself"),
        "partial": _("One piece of a message sent in several"),
        "loop": _("Answers that go round in circles"),
        "flood": _("Too many mails at once"),
        "spoofed": _("Forged sender"),
        "not_proven": _("Sender that nothing proves"),
        "refused": _("Attachment blocked: %(why)s", why=_briefly(detail))
        if detail
        else _("Attachment blocked"),
    }.get(reason, _("To be checked"))


def sentence(reason: str, company: str, recipient: str = "", detail: str = "") -> str:
    """The whole of it, with what to do."""
    return {
        "unknown_sender": _(
            "This address has never written to %(company)s, and the company only "
            "takes senders that it knows.",
            company=company,
        ),
        "unknown_address": _unknown_address(recipient, detail),
        "nothing_to_file": _(
            "Nothing in this mail is a document. Its text may be for you to read."
        ),
        "no_folder": _(
            "%(company)s has no folder for this address, nor one to sort: choose one.",
            company=company,
        ),
        "archived": _(
            "%(company)s is archived: nothing can be filed there any more. Choose "
            "another company, or set the mail aside.",
            company=company,
        ),
        "address_ended": _(
            "%(address)s was an address of %(company)s and works no longer. Tell the "
            "sender the one of now, if the mail was meant for it.",
            address=recipient,
            company=company,
        ),
        "damaged": _(
            "The message is damaged and could not be read whole. Ask the sender for "
            "it again if something is missing."
        ),
        "oversize": _(
            "The message is larger, or holds more, than what is filed by itself. "
            "Take what is to be filed out of the original, and drop it into its folder."
        ),
        "partial": _(
            "The sender's program cut a message into pieces, and this is one of them. "
            "Ask for the documents again, in one message."
        ),
        "loop": _(
            "This looks like machines answering each other, or like one of our own "
            "mails coming back."
        ),
        "flood": _(
            "So many mails came to this address in a short time that the rest waits "
            "for a person."
        ),
        "spoofed": _(
            "The sender's domain says that this mail is not its own. Do not file it "
            "unless you have asked the sender by another way."
        ),
        "not_proven": _(
            "The sender is one that %(company)s knows, but nothing proves that the "
            "mail comes from there.",
            company=company,
        ),
        "refused": detail or _("An attachment cannot be kept."),
    }.get(reason, _("This mail could not be filed by itself."))


def _unknown_address(recipient: str, nearest: str) -> str:
    if not nearest:
        return _("No company has the address %(address)s.", address=recipient)
    return _(
        "No company has the address %(address)s. The nearest one is %(nearest)s.",
        address=recipient,
        nearest=nearest,
    )


def _briefly(refusal: str) -> str:
    """Without the word that begins it, and its end."""
    text = refusal.split(":", 1)[-1].split(". ", 1)[0].strip().rstrip(".")
    return text[:1].lower() + text[1:]


def part_reason(part: InboundPart) -> str:
    """Why the part is no document; nothing for one that may become one."""
    if part.outcome == "refused":
        return part.reason
    return part_word(part.reason) if part.outcome == "ignored" else ""


def part_word(reason: str) -> str:
    return {
        "signature": _("electronic signature"),
        "image": _("image of the signature"),
        "inline_image": _("image shown in the text"),
        "encrypted": _("encrypted message"),
        "external": _("file that lies elsewhere"),
        "partial": _("piece of a message"),
        "report": _("report of a mail server"),
        "empty": _("empty file"),
        "formatting": _("formatting of the text"),
        "answer": _("answer to an invitation"),
    }.get(reason, _("not a document"))
