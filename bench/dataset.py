"""Many firms, companies, folders, documents and settled deliveries, made by the
database itself with INSERT … SELECT.

One document in ten lies in the first folder given, a thousand in the second, ten in the
third, all of them scattered among the others as years of deposits would scatter them.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, insert, literal_column, select, text

from app.companies.models import Company
from app.connectors.models import Connection as Connected, Destination
from app.db import Base, db
from app.delivery.models import Delivery
from app.firms.models import Firm
from app.library.models import Arrival, Document, Folder, Version
from app.search.models import SearchEntry
from bench.measuring import say

FIRMS = 199  # and the one whose pages are asked for
COMPANIES = 5  # of each firm
FOLDERS = 10  # of each company
BIG = 10  # one document in so many
MIDDLE, SMALL = 1000, 10  # documents

# Ids as the application makes them: UUIDv7, so that indexes grow as they do for real.
NEW_ID = """
CREATE FUNCTION bench_id(at timestamptz, n bigint) RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
  || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid $$
"""
YEARS_AGO = "now() - interval '3 years'"


def fill(documents: int, special: Iterable[UUID]) -> None:
    """Fill the database of the current application; the special folders exist."""
    with db.engine.begin() as connection:
        # Every reference is right by construction; checking 6 million takes minutes.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(NEW_ID))
        _firms(connection)
        _places(connection, list(special))
        if documents:
            _documents(connection, documents)
    engine = db.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in ("VACUUM (ANALYZE)", "CHECKPOINT"):
            connection.execute(text(statement))


def _insert(connection: Connection, model: type[Base], source: str, **of: str) -> None:
    """One row for each of the source; what is not given is as the model says."""
    values: list[Any] = [literal_column(value) for value in of.values()]
    rows = select(*values).select_from(text(source))
    connection.execute(insert(model).from_select(list(of), rows))
    say(f"  {model.__tablename__}")


def _firms(connection: Connection) -> None:
    many = f"generate_series(1, {FIRMS}) n"
    slug = "'firm-' || n"
    _insert(
        connection, Firm, many, id=f"bench_id({YEARS_AGO}, n)", slug=slug, name=slug
    )
    _insert(
        connection,
        Company,
        f"firms f, generate_series(1, {COMPANIES}) n WHERE f.slug LIKE 'firm-%'",
        id=f"bench_id({YEARS_AGO}, hashtextextended(f.slug || n, 0))",
        firm_id="f.id",
        slug="f.slug || '-company-' || n",
        mail_domain="'mail.guichet.test'",
        name="'Company ' || n",
    )
    of_firms = "companies c WHERE c.slug LIKE 'firm-%'"
    _insert(
        connection,
        Connected,
        of_firms,
        id=f"bench_id({YEARS_AGO}, hashtextextended(c.slug || 'connection', 0))",
        firm_id="c.firm_id",
        company_id="c.id",
        app_key="'quickbooks'",
        bot_address="'quickbooks+' || c.slug || '@mail.guichet.test'",
    )
    _insert(
        connection,
        Destination,
        "connections c WHERE c.bot_address LIKE 'quickbooks+firm-%'",
        id=f"bench_id({YEARS_AGO}, hashtextextended(c.id::text, 0))",
        firm_id="c.firm_id",
        connection_id="c.id",
        slot="'purchases'",
        address="'in@tool.test'",
    )
    _insert(
        connection,
        Folder,
        f"companies c, generate_series(1, {FOLDERS}) n WHERE c.slug LIKE 'firm-%'",
        id=f"bench_id({YEARS_AGO}, hashtextextended(c.slug || 'folder' || n, 0))",
        firm_id="c.firm_id",
        company_id="c.id",
        name="'Folder ' || n",
    )


def _places(connection: Connection, special: list[UUID]) -> None:
    """Where documents go, numbered: the special folders first."""
    connection.execute(
        text(
            "CREATE UNLOGGED TABLE bench_places AS"
            " SELECT f.id, f.firm_id, f.company_id, c.id AS connection_id,"
            " row_number() OVER (ORDER BY"
            " array_position(CAST(:special AS uuid[]), f.id), f.id) AS number"
            " FROM folders f JOIN connections c ON c.company_id = f.company_id"
            " WHERE c.app_key = 'quickbooks'"
            " AND (f.name LIKE 'Folder %' OR f.id = ANY(CAST(:special AS uuid[])))"
        ),
        {"special": special},
    )


def _documents(connection: Connection, count: int) -> None:
    connection.execute(text(_PLAN), {"count": count, "middle": MIDDLE, "small": SMALL})
    tables = [m.__table__ for m in (Document, Version, Arrival, Delivery, SearchEntry)]
    indexes = [i for t in tables if isinstance(t, Table) for i in t.indexes]
    for index in indexes:
        index.drop(connection)
    common = {"firm_id": "p.firm_id"}
    file = {"size": "p.size", "sha256": "p.sha256"}
    kind = {"content_type": "'application/pdf'"}
    placed = common | {"company_id": "p.company_id"}
    of = {"document_id": "p.id", "version_id": "p.version_id"}
    _insert(
        connection,
        Document,
        "bench_plan p",
        id="p.id",
        folder_id="p.folder_id",
        name="p.name",
        channel="'web'",
        depositor_name="'Paul Dupont'",
        arrived_at="p.at",
        status="'validated'",
        validated_at="p.at",
        **placed | file | kind,
    )
    _insert(
        connection,
        Version,
        "bench_plan p",
        id="p.version_id",
        document_id="p.id",
        number="1",
        storage_key="'aa/aa/' || md5(p.id::text)",
        original_name="p.name",
        created_at="p.at",
        **common | file | kind,
    )
    _insert(
        connection,
        Arrival,
        "bench_plan p",
        id="p.arrival_id",
        folder_id="p.folder_id",
        kind="'upload'",
        channel="'web'",
        at="p.at",
        **placed | of,
    )
    _insert(
        connection,
        Delivery,
        "bench_plan p",
        id="p.delivery_id",
        arrival_id="p.arrival_id",
        connection_id="p.connection_id",
        slot="'purchases'",
        state="'accepted'",
        not_before="p.at",
        message_id="'<' || p.delivery_id || '@mail.guichet.test>'",
        message_date="p.at",
        destination="'in@tool.test'",
        sender="'quickbooks@mail.guichet.test'",
        file_name="p.name",
        sha256="p.sha256",
        encoded_size="p.size * 78 / 57",
        attempts="1",
        last_code="250",
        last_text="'2.0.0 Ok: queued'",
        created_at="p.at",
        accepted_at="p.at",
        settled_at="p.at",
        **placed | of,
    )
    _insert(
        connection,
        SearchEntry,
        "bench_plan p",
        document_id="p.id",
        scope="'c' || replace(p.company_id::text, '-', '')",
        # The firm's key before each word.
        body="regexp_replace(regexp_replace(lower(p.name) || ' ' || p.words,"
        " '[^a-z0-9]+', ' ', 'g'), '(^| )(?=.)', '\\1k' || right(p.firm_id::text, 6),"
        " 'g')",
        content="p.words",
        read_sha256="p.sha256",
        **placed,
    )
    connection.execute(text("DROP TABLE bench_plan"))
    for index in indexes:
        index.create(connection)
    say("  indexes")


# n % 10 = 0: the big folder; else every (count/1000)th and (count/10)th a special one.
_PLAN = """
CREATE UNLOGGED TABLE bench_plan AS
SELECT bench_id(t.at, t.n * 4) AS id, bench_id(t.at, t.n * 4 + 1) AS version_id,
  bench_id(t.at, t.n * 4 + 2) AS arrival_id, bench_id(t.at, t.n * 4 + 3) AS delivery_id,
  p.firm_id, p.company_id, p.id AS folder_id, p.connection_id, t.at,
  'Facture ' || (ARRAY['Orange', 'EDF', 'Point P', 'Cemex'])[t.n % 4 + 1] || ' '
    || t.n || '.pdf' AS name,
  encode(sha256(t.n::text::bytea), 'hex') AS sha256, 50000 + t.n % 400000 AS size,
  -- What a bill says: words of most of them, of some, and of itself alone.
  'total ttc date 2026 client dupont reglement echeance '
    || (ARRAY['electricite abonnement', 'beton chantier', 'telephone mobile',
      'location nacelle', 'peinture facade', 'gasoil route', 'assurance decennale'])
      [t.n % 7 + 1] || ' ' || substr(md5(t.n::text), 1, 8) || ' '
    || substr(md5(t.n::text), 9, 8) AS words
FROM (
  SELECT n, now() - interval '2 years' * (1 - n::float / :count) AS at, CASE
    WHEN n % 10 = 0 THEN 1
    WHEN n % (CAST(:count AS bigint) / :middle) = 1 THEN 2
    WHEN n % (CAST(:count AS bigint) / :small) = 3 THEN 3
    ELSE 4 + n * 7919 % (SELECT count(*) - 3 FROM bench_places) END AS number
  FROM generate_series(CAST(1 AS bigint), :count) n
) t JOIN bench_places p USING (number)
"""
