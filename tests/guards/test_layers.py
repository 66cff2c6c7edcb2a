"""The arrows of the house: who may import whom."""

import grimp
import pytest

INFRASTRUCTURE = {
    *(
        "app.addresses",
        "app.alone",
        "app.apart",
        "app.apart_child",
        "app.apart_mail",
        "app.apart_ocr",
    ),
    *("app.apart_pages", "app.apart_sheets", "app.apart_signatures", "app.assets"),
    *("app.blobs", "app.bundles", "app.db", "app.disposition"),
    *("app.errors", "app.extensions"),
    *("app.folding", "app.formats", "app.htmx", "app.idle_lines", "app.lean"),
    *("app.locks", "app.mailserver"),
    *("app.multipart", "app.policy", "app.queueing", "app.s3", "app.storage"),
    *("app.tenancy", "app.texts", "app.typed"),
}
# Put the house together, so they see all of it; nothing inside imports them.
ENTRANCES = {"app", "app.cli", "app.seed"}


@pytest.fixture(scope="module")
def house() -> grimp.ImportGraph:
    return grimp.build_graph("app", cache_dir=None)


def test_every_module_at_the_top_is_infrastructure_or_an_entrance(
    house: grimp.ImportGraph,
) -> None:
    top = {module for module in house.modules if module.count(".") == 1}
    files = {module for module in top if not house.find_children(module)}
    assert files <= INFRASTRUCTURE | ENTRANCES


def test_infrastructure_imports_no_domain(house: grimp.ImportGraph) -> None:
    allowed = INFRASTRUCTURE | {"app"}
    for module in INFRASTRUCTURE:
        assert house.find_modules_directly_imported_by(module) <= allowed, module


def test_nothing_imports_routes_nor_an_entrance(house: grimp.ImportGraph) -> None:
    guarded = {m for m in house.modules if m.endswith("routes")}
    guarded |= ENTRANCES - {"app"}
    for module in guarded:
        importers = house.find_modules_that_directly_import(module)
        assert importers <= ENTRANCES, (module, importers)


def test_no_two_files_import_each_other_not_even_through_others(
    house: grimp.ImportGraph,
) -> None:
    for module in house.modules - {"app"}:
        for imported in house.find_modules_directly_imported_by(module) - {"app"}:
            chain = house.find_shortest_chain(imported, module)
            assert chain is None, chain


def test_models_import_models_and_the_ground_only(house: grimp.ImportGraph) -> None:
    for module in (m for m in house.modules if m.endswith(".models")):
        imported = house.find_modules_directly_imported_by(module)
        strangers = {m for m in imported if not m.endswith(".models")}
        assert strangers <= {"app.db", "app.firms.brand"}, (module, strangers)
