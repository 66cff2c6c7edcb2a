"""The proof sheet as lines to read: blocks of labels and texts, of its dict alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.delivery.ours import in_words
from app.delivery.sheet_times import Told
from app.formats import filesize, number
from app.texts import gettext as _, ngettext

Facts = dict[str, Any]


@dataclass
class Block:
    title: str
    text: str = ""
    rows: list[tuple[str, list[str]]] = field(default_factory=list)

    def say(self, label: str, *lines: str | None) -> None:
        """A row; none when there is nothing to say."""
        known = [line for line in lines if line]
        if known:
            self.rows.append((label, known))


def blocks(sheet: Facts) -> Iterator[Block]:
    yield _document(sheet)
    yield from (_version(version) for version in sheet["versions"])
    if sheet["never_due"]:
        yield _never_due(sheet["never_due"])
    for place, delivery in enumerate(sheet["deliveries"], 1):
        yield _delivery(delivery, place)
    yield _trail(sheet)


def _document(sheet: Facts) -> Block:
    document, company = sheet["document"], sheet["company"]
    block = Block(_("The document"))
    siren = f" (SIREN {company['siren']})" if company["siren"] else ""
    block.say(_("Company"), company["name"] + siren)
    block.say(_("Name"), document["name"])
    block.say(_("Folder"), document["folder"])
    block.say(_("Deposited by"), document["deposited_by"])
    block.say(_("Deposited at"), when(document["deposited_at"]))
    block.say(_("Channel"), document["channel_text"])
    if document["validated_at"]:
        by = document["validated_by"] or _("the automaton, on acceptance")
        block.say(_("Validated"), f"{when(document['validated_at'])}, {by}")
    if document["trashed_at"]:
        block.say(_("In the trash since"), when(document["trashed_at"]))
    block.say(_("Identifier"), document["id"])
    return block


def _version(version: Facts) -> Block:
    block = Block(_("Version %(number)s", number=version["number"]))
    block.say(_("File"), version["file_name"])
    size = _("%(number)s bytes", number=number(version["size"]))
    block.say(_("Size"), f"{filesize(version['size'])} ({size})")
    block.say(_("Type"), version["content_type"])
    block.say("SHA-256", version["sha256"])
    by = f", {version['by']}" if version["by"] else ""
    block.say(_("Received"), when(version["at"]) + by)
    for made in version["renditions"]:
        block.say(
            _("Made from it"), f"{made['content_type']}, SHA-256 {made['sha256']}"
        )
    return block


def _never_due(reasons: list[Facts]) -> Block:
    block = Block(_("What was not to leave"))
    for reason in reasons:
        block.say(reason["tool"], reason["text"])
    return block


def _delivery(delivery: Facts, place: int) -> Block:
    title = _("Sending %(number)s: %(app)s", number=place, app=delivery["application"])
    block = Block(title, delivery["statement"])
    block.say(_("State"), delivery["state_text"])
    arrival = delivery["due"].get("arrival")
    arrived = _("Arrived: %(time)s", time=when(arrival["at"])) if arrival else None
    block.say(_("Due"), delivery["due"]["text"], arrived)
    block.say(_("Handed over"), when(delivery["left_at"]))
    block.say(_("Reply"), _said(delivery["reply"]["code"], delivery["reply"]["text"]))
    block.say(_("To"), delivery["destination"])
    block.say(_("From"), delivery["sender"])
    block.say(_("Message-ID"), delivery["message_id"])
    block.say(_("Its name at the provider"), delivery["provider_id"])
    block.say(_("File sent"), delivery["file_name"], f"SHA-256 {delivery['sha256']}")
    block.say(_("Attempts"), *(_attempt(one) for one in delivery["attempts"]))
    if delivery["unanswered"]:
        block.say(
            _("Possible copies"),
            ngettext(
                "%(num)d end of message went unanswered.",
                "%(num)d ends of message went unanswered.",
                delivery["unanswered"],
            ),
        )
    block.say(_("Came back"), *(_event(one) for one in delivery["came_back"]))
    block.say(_("By hand"), *(_act(one) for one in delivery["by_hand"]))
    block.say(_("Follows"), delivery["retry_of"])
    block.say(_("Identifier"), delivery["id"])
    return block


def _trail(sheet: Facts) -> Block:
    block = Block(_("Audit trail"))
    for line in sheet["trail"]:
        by = f", {line['by']}" if line["by"] else ""
        block.say(
            _("line %(number)s", number=line["position"])
            if line["position"]
            else _("not sealed yet"),
            f"{line['text']}{by}, {when(line['at'])}",
            line["sha256"],
        )
    if head := sheet["chain_head"]:
        block.say(
            _("Head of the chain"),
            _("line %(number)s", number=head["position"]),
            head["sha256"],
        )
    return block


def _attempt(attempt: Facts) -> str:
    said = _said(attempt["code"], attempt["text"])
    parts = [
        when(attempt["at"]),
        attempt["phase_text"],
        said,
        _("%(ms)s ms", ms=attempt["milliseconds"]),
        _("%(number)s bytes", number=number(attempt["bytes"])),
    ]
    return ", ".join(part for part in parts if part)


def _event(event: Facts) -> str:
    parts = (when(event["at"]), event["from"], event["kind"], event["text"])
    return ", ".join(part for part in parts if part)


def _act(act: Facts) -> str:
    return f"{act['text']}, {act['by']}, {when(act['at'])}"


def _said(code: int | None, text: str | None) -> str:
    return f"{code or ''} {in_words(text)}".strip()


def when(at: Told | None) -> str:
    """«04/11/2026 08:51:03 UTC (04/11/2026 09:51:03 Paris)»."""
    if at is None:
        return ""
    utc, paris = datetime.fromisoformat(at["utc"]), datetime.fromisoformat(at["paris"])
    return _(
        "%(utc)s UTC (%(paris)s in Paris)",
        utc=f"{utc:%d/%m/%Y %H:%M:%S}",
        paris=f"{paris:%d/%m/%Y %H:%M:%S}",
    )
