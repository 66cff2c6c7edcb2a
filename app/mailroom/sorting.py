"""What kind of mail it is. A guess that only chooses a badge and whom to tell."""

import re
from collections.abc import Iterable

from app.mailroom.links import Link, is_under
from app.mailroom.reading import Letter

_DAEMONS = re.compile(r"(?:mailer-?daemon|mail-?daemon|postmaster|mdaemon)\b.*@")
_REFUSALS = re.compile(
    r"n['’]est pas (?:autorisé|reconnu|enregistré|pris en charge)|non autorisé|"
    r"expéditeur (?:inconnu|refusé|non reconnu)|"
    r"n['’](?:a|ont) (?:pas )?pu (?:être|etre) (?:traité|importé|lu|ajouté)|"
    r"n['’](?:avons|a) (?:pas )?pu (?:traiter|importer|lire|ajouter)|"
    r"n['’](?:a|ont) pas été accepté|"
    r"ne pouvons (?:pas )?(?:traiter|importer|lire|ajouter)|"
    r"(?:document|fichier|facture|pièces? jointe|justificatif|e-?mail|message)s? "
    r"(?:a|ont) été (?:refusé|rejeté)|"
    r"format (?:de fichier )?non (?:pris en charge|supporté|accepté)|"
    r"format (?:de fichier )?n['’]est pas (?:supporté|accepté)|"
    r"not (?:authori[sz]ed|allowed|permitted|registered|recogni[sz]ed)|"
    r"isn['’]t (?:authori[sz]ed|allowed|registered|recogni[sz]ed|supported)|"
    r"unauthori[sz]ed sender|unknown sender|"
    r"(?:could(?:n['’]t| not)|unable to|failed to|can(?:no|['’])t) "
    r"(?:be )?(?:process|import|read|accept|add)|"
    r"(?:was|were|been) (?:rejected|refused)|unsupported (?:file|format|attachment)",
    re.IGNORECASE,
)
_INVITATIONS = re.compile(
    r"\binvit(?:é|ée|ed|es?|ing|ations?|er)\b|\brejoi(?:gnez|ndre)\b|\bjoin\b|"
    r"\baccept(?:er|ez|ing)?\b",
    re.IGNORECASE,
)
_RETURNS = re.compile(
    r"undeliver|undelivr|delivery (?:status|failure|has failed)|mail delivery|"
    r"returned (?:mail|to sender)|failure notice|could not be delivered|"
    r"non (?:remis|distribué|délivré)|échec de (?:la )?(?:remise|distribution)",
    re.IGNORECASE,
)
_LEADS_IN = re.compile(
    r"invit|accept|join|rejoindre|rejoignez|activ|confirm|sign-?up|register", re.I
)
_LEADS_ELSEWHERE = re.compile(
    r"unsubscribe|désabonn|desabonn|desinscri|désinscri|privacy|confidentialit|"
    r"terms|legal|mentions|help|aide|support|facebook|twitter|linkedin|instagram|"
    r"youtube|\.(?:png|jpe?g|gif)\b",
    re.IGNORECASE,
)
_LOOKED_AT = 5000  # characters


def kind_of(
    letter: Letter, *, sender: str, domains: Iterable[str], is_answer: bool
) -> str:
    """bounce, refusal, invitation or other. `sender` is the envelope's; `domains` are
    those where the tool writes from; `is_answer`: to a message of ours."""
    said = f"{letter.subject}\n{letter.text[:_LOOKED_AT]}"
    if _is_bounce(letter, sender, said):
        return "bounce"
    if letter.report:
        return "other"  # delayed, delivered…: nothing is lost
    if _REFUSALS.search(said) and (is_answer or _is_from(letter, domains)):
        return "refusal"
    return "invitation" if _is_invitation(letter, said) else "other"


def _is_bounce(letter: Letter, sender: str, said: str) -> bool:
    if letter.report:
        return letter.report.action == "failed"
    if _DAEMONS.match(letter.from_address) or _DAEMONS.match(sender.lower()):
        return True
    # An automatic answer of a person («absent until…») has no sender either, nor has
    # what some tools write.
    if sender or letter.auto_submitted == "auto-replied":
        return False
    if letter.returned or _RETURNS.search(said):
        return True
    # What a tool writes about a message («received, thank you») has none either.
    is_answer = letter.answers or letter.auto_submitted == "auto-generated"
    return not is_answer and not _is_invitation(letter, said)


def _is_invitation(letter: Letter, said: str) -> bool:
    words = "\n".join(link.text for link in letter.links)
    return bool(letter.links and _INVITATIONS.search(f"{said}\n{words}"))


def _is_from(letter: Letter, domains: Iterable[str]) -> bool:
    host = letter.from_address.rpartition("@")[2]
    return any(is_under(host, domain) for domain in domains)


def likely_link(links: Iterable[Link]) -> Link | None:
    """The one that an invitation most probably means: the first of the best."""
    return max(links, key=_promise, default=None)


def _promise(link: Link) -> int:
    said = f"{link.text} {link.url}"
    likes = 4 * bool(_LEADS_IN.search(link.text)) + 2 * bool(_LEADS_IN.search(link.url))
    return likes + bool(link.text) - 8 * bool(_LEADS_ELSEWHERE.search(said))
