"""Seeded worlds through the product, shuffled and repeated: every figure equals the reference's."""

import random
from pathlib import Path

import pytest

from tests.conftest import MariaDB
from tests.reference.worlds.examples import EXAMPLES, Example
from tests.reference.worlds.world import World, world_of
from tests.world_runs import FrontDoor, Product, differences

SEEDS, FEW = range(12), range(100, 104)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    folder = tmp_path_factory.mktemp("worlds")
    return Product(f"sqlite:///{folder}/worlds.db", folder)


def again(world: World) -> World:
    """Return the world with its messages in another order, and some of them sent twice."""
    dice = random.Random(world.seed)
    twice = [one for one in world.messages if one.channel != "insert"]
    messages = [*world.messages, *dice.sample(twice, len(twice) // 3)]
    dice.shuffle(messages)
    return world.with_messages(messages)


@pytest.mark.parametrize("example", [pytest.param(one, id=one.title) for one in EXAMPLES])
def test_a_worked_example(product: Product, example: Example) -> None:
    assert differences(example.world, product) == []
    assert product.unbalanced() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_in_any_order(product: Product, seed: int) -> None:
    assert differences(again(world_of(seed)), product) == []
    assert product.unbalanced() == []


def test_worlds_on_mariadb(mariadb: MariaDB, tmp_path: Path) -> None:
    product = Product(mariadb.new_database(), tmp_path)
    for seed in FEW:
        assert differences(again(world_of(seed)), product) == [], f"seed {seed}"


def test_a_world_through_the_commands(tmp_path: Path) -> None:
    assert differences(world_of(0), FrontDoor(f"sqlite:///{tmp_path}/view3.db", tmp_path)) == []
