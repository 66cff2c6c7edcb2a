"""The library's addresses: a folder, its rows, a deposit, a document."""

import uuid

from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.activity.reading import history
from app.collection.finding import mail_of
from app.companies.finding import company_and_role
from app.db import db, set_read_only
from app.delivery.badges import client_badge, firm_badge
from app.delivery.proof import offers, proofs
from app.delivery.why import other_offers, why
from app.library import listing as listings, navigation, page as pages
from app.library.commenting import comments_of, usual_audience
from app.library.deposit import Deposited, deposit
from app.library.finding import (
    Place,
    document_or_404,
    hidden_from,
    place_or_404,
    url_of,
)
from app.library.judging import judge_of
from app.library.kinds import kind_of
from app.library.models import Document, Folder
from app.library.naming import split_extension
from app.library.ordering import order_from, status_from
from app.library.permissions import acts_on
from app.library.receiving import Received, store
from app.library.sending_out import as_download
from app.library.taking import current_version
from app.library.tree import sight_of
from app.library.twins import twins_of
from app.library.unread import is_known, note_opened
from app.library.uploads import Outcome, deposit_all
from app.library.ways import folder_at
from app.mentions.calling import has_unread, note_read
from app.pages.opening import opened
from app.policy import open_to, reads_its_own_body
from app.texts import gettext as _, ngettext

blueprint = Blueprint("library", __name__)
blueprint.add_app_template_filter(split_extension, "stem_and_ending")


@blueprint.get("/companies/<slug>")
@open_to("signed_in")
def root(slug: str) -> ResponseReturnValue:
    """The company's library, opened at its first folder."""
    company, role = company_and_role(slug)
    first = navigation.tree(company, [], sight_of(role, company))
    return redirect(first[0].url) if first else abort(404)


@blueprint.get("/companies/<slug>/folders/<uuid:folder_id>")
@open_to("signed_in")
def show(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    place = place_or_404(slug, folder_id)
    return render_template(
        "library/show.html",
        page=pages.whole(
            pages.frame(
                place.company,
                place.path,
                place.sight,
                current_user,
                request.args.get("tree", ""),
            ),
            _listing(place),
        ),
        nav_current="documents",
    )


@blueprint.get("/companies/<slug>/folders/<uuid:folder_id>/rows")
@open_to("signed_in")
def rows(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    """The poll: 204 while what the page shows is still so."""
    place = place_or_404(slug, folder_id)
    listing = _listing(place)
    if listing.stamp == request.args.get("seen"):
        return "", 204
    answer = make_response(render_template("library/looked.htmx.html", page=listing))
    answer.headers["HX-Trigger-After-Swap"] = "portal:changed"
    return answer


@blueprint.get("/companies/<slug>/folders/<uuid:folder_id>/nodes")
@open_to("signed_in")
def nodes(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    place = place_or_404(slug, folder_id)
    if not htmx.is_fragment():
        return redirect(url_for("library.show", slug=slug, folder_id=folder_id))
    below = navigation.children(place.company, place.path, place.sight, current_user)
    return render_template("library/_nodes.html", nodes=below)


@blueprint.get("/companies/<slug>/folders/<uuid:folder_id>/tree")
@open_to("signed_in")
def tree(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    """Kept down to the folders named `tree`; all of it where that is empty."""
    place = place_or_404(slug, folder_id)
    name = request.args.get("tree", "")
    if not htmx.is_fragment():
        return redirect(
            url_for("library.show", slug=slug, folder_id=folder_id, tree=name or None)
        )
    nodes = pages.nodes_of(place.company, place.path, place.sight, current_user, name)
    return render_template("library/_tree.html", nodes=nodes, company=place.company)


@blueprint.post("/companies/<slug>/folders/<uuid:folder_id>/documents")
@open_to("signed_in")
@reads_its_own_body
def deposit_create(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    place = place_or_404(slug, folder_id)
    if not place.sight.may_deposit_in(place.folder):
        abort(403)
    db.session.commit()  # no transaction while the file flows in
    channel = "firm" if current_user.is_firm_side else "web"

    def file(received: Received, upload_id: uuid.UUID | None, way: str) -> Deposited:
        into = place.folder
        if way:
            into = folder_at(place.company, into, way, place.sight, by=current_user)
        return deposit(
            received, into=into, by=current_user, channel=channel, upload_id=upload_id
        )

    return _answer_deposit(place, deposit_all(request, file))


def _answer_deposit(place: Place, outcomes: list[Outcome]) -> ResponseReturnValue:
    back = place.url
    status = max((outcome.status for outcome in outcomes), default=422)
    if htmx.is_fragment():
        return (
            render_template("library/deposited.htmx.html", results=outcomes),
            status,
        )
    if status < 400:
        flash(_deposited_in(place.folder, outcomes), "ok")
        for outcome in outcomes:
            if outcome.detail:
                flash(f"{outcome.name} – {outcome.detail}", "info")
        return redirect(back, 303)
    return (
        render_template(
            "library/deposit_results.html",
            results=outcomes,
            back_url=back,
            folder=place.folder,
            company=place.company,
        ),
        status,
    )


def _deposited_in(folder: Folder, outcomes: list[Outcome]) -> str:
    if len(outcomes) == 1:
        return _(
            "%(name)s is deposited in %(folder)s.",
            name=outcomes[0].name,
            folder=folder.name,
        )
    return ngettext(
        "%(num)d document deposited in %(folder)s.",
        "%(num)d documents deposited in %(folder)s.",
        len(outcomes),
        folder=folder.name,
    )


def _listing(place: Place) -> listings.Listing:
    return listings.listing(
        place.company,
        place.folder,
        place.sight,
        request.args.get("after"),
        reader=current_user,
        order=order_from(request.args.get("sort")),
        status=status_from(request.args.get("state")),
    )


@blueprint.get("/documents/<uuid:document_id>")
@open_to("signed_in")
def document(document_id: uuid.UUID) -> ResponseReturnValue:
    shown, place = document_or_404(document_id)
    _opened(shown, with_comments=True)
    sent = proofs(shown) if place.sight.firm_side else []
    reasons = why(shown) if place.sight.firm_side else []
    may_send = place.sight.firm_side and shown.status != "rejected"
    badge = (
        firm_badge(shown, [p.delivery for p in sent])
        if place.sight.firm_side
        else client_badge(shown)
    )
    return render_template(
        "library/document.html",
        document=shown,
        company=place.company,
        crumbs=[(f.name, url_of(place.company, f)) for f in place.path],
        badge=badge,
        channel_label=listings.channel_label(shown.channel),
        mail=mail_of(shown.id) if place.sight.firm_side else None,
        kind=kind_of(shown.content_type),
        acts=acts_on(shown, place.folder, place.sight),
        judge=judge_of(shown) if place.sight.firm_side else "",
        twin=twins_of([shown]).get(shown.id) if place.sight.firm_side else None,
        proofs=sent,
        offers=other_offers(offers(shown), reasons) if may_send else [],
        reasons=reasons,
        remarks=comments_of(shown, current_user),
        audience=usual_audience(shown, current_user),
        history=history(
            shown,
            firm_side=place.sight.firm_side,
            reader=current_user,
            hidden=hidden_from(place),
        ),
        download_url=url_for("library.download", document_id=shown.id),
        **opened(shown, place),
        nav_current="documents",
    )


@blueprint.get("/documents/<uuid:document_id>/download")
@open_to("signed_in")
def download(document_id: uuid.UUID) -> ResponseReturnValue:
    wanted, _place = document_or_404(document_id)
    version = current_version(wanted)
    _opened(wanted)
    db.session.commit()
    return as_download(store().open(version.storage_key), wanted)


def _opened(document: Document, *, with_comments: bool = False) -> None:
    """A page that is read takes no write lock; the first time, this one writes a little
    before."""
    is_called = with_comments and has_unread(document, current_user)
    if is_known(document, current_user) and not is_called:
        return
    db.session.commit()
    set_read_only(False)
    note_opened(document, current_user)
    if is_called:
        note_read(document, current_user)
    db.session.commit()
    set_read_only(True)
