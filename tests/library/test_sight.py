"""What a person may see of a tree: in Python of one folder, in SQL of many, alike."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.db import db
from app.library.models import Folder
from app.library.tree import sight_of
from tests.cast import World


@pytest.mark.parametrize("of", [Folder, aliased(Folder)])
@pytest.mark.parametrize(
    "role", ["firm_admin", "staff", "company_manager", "company_user"]
)
def test_what_it_allows_is_what_it_does_not_forbid(
    world: World, role: str, of: type[Folder]
) -> None:
    sight = sight_of(role, world.alder.dune)
    found = db.session.execute(select(of, sight.forbids(of))).all()
    assert len({folder.visibility for folder, _is_forbidden in found}) > 1
    for folder, is_forbidden in found:
        assert sight.allows(folder) is not bool(is_forbidden), folder.name
