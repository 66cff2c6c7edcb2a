"""Any sequence of switches agrees with the rule: the nearest explicit setting decides,
and switching a folder on clears the settings below it."""

import uuid

from hypothesis import HealthCheck, given, settings, strategies as st

from app.connectors import switches
from app.connectors.foreseeing import foresee
from app.db import db
from app.delivery.planning import effective_switches
from tests.cast import PURCHASES, YEAR, World

YEAR_FOLDER = f"Dossier comptable annuel/Exercice {YEAR}"
ABOVE = {
    YEAR_FOLDER: None,
    PURCHASES: YEAR_FOLDER,
    f"{PURCHASES}/03 – Mars": PURCHASES,
    f"{PURCHASES}/04 – Avril": PURCHASES,
    f"{YEAR_FOLDER}/Ventes": YEAR_FOLDER,
    f"{YEAR_FOLDER}/Ventes/03 – Mars": f"{YEAR_FOLDER}/Ventes",
}
SLOTS = ("purchases", "sales")


class Model:
    """The rule in a few lines, for one slot."""

    def __init__(self) -> None:
        self.explicit: dict[str, bool] = {}

    def is_on(self, path: str | None) -> bool:
        while path is not None and path not in self.explicit:
            path = ABOVE[path]
        return path is not None and self.explicit[path]

    def set(self, path: str, state: str) -> None:
        was = self.explicit.get(path)
        if state == "on" and was:
            return
        if state == "on":
            self.explicit = {p: on for p, on in self.explicit.items() if path not in p}
            self.explicit[path] = True
            return
        self.explicit.pop(path, None)
        if state == "off" and self.is_on(path):
            self.explicit[path] = False

    def cut_below(self, path: str) -> int:
        below = [p for p in self.explicit if p.startswith(f"{path}/")]
        return sum(not self.explicit[p] for p in below)


steps = st.tuples(
    st.sampled_from(sorted(ABOVE)),
    st.sampled_from(SLOTS),
    st.sampled_from(switches.STATES),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(steps, max_size=10))
def test_any_switches_agree_with_the_rule(
    world: World, done: list[tuple[str, str, str]]
) -> None:
    house = world.alder
    dext = house.connect("dext")
    folders = {path: house.folder(path) for path in ABOVE}
    models = {slot: Model() for slot in SLOTS}
    try:
        for path, slot, state in done:
            switches.set_switch(folders[path], dext, slot, state, by=None)
            models[slot].set(path, state)
        for path, folder in folders.items():
            assert on_at(folder.id) == {s for s in SLOTS if models[s].is_on(path)}
            for slot in SLOTS:
                foreseen = foresee(folder, dext, slot)
                assert foreseen.cut == models[slot].cut_below(path)
    finally:
        db.session.rollback()


def on_at(folder_id: uuid.UUID) -> set[str]:
    return {one.slot for one in effective_switches(folder_id) if one.is_on}
