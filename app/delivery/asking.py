"""«Envoyer maintenant»: what a person who asked for a run is told."""

from app.texts import gettext as _, ngettext


def said_of_asking(asked: bool | None, due: int) -> tuple[str, str]:
    """The sentence and its tone; `asked` is what the queue answered."""
    if asked is None:
        text = _("It could not be started now. The next run will send them by itself.")
        return text, "bad"
    if not asked:
        return _("A run is already under way."), "info"
    text = ngettext(
        "Sending of %(num)d document started.",
        "Sending of %(num)d documents started.",
        due,
    )
    return text, "ok"


def said_of_none_due(leaving: int) -> tuple[str, str]:
    if leaving:
        text = _("What has not left yet is under way, or will be tried again later.")
        return text, "info"
    return _("No document is waiting."), "info"
