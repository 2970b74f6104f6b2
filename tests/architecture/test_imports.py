"""What may import what: the contracts of pyproject.toml hold for the project, and each of them would notice a breach."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [TOOLS / "lint-imports", "--no-logo", "--no-cache", "--config", ROOT / "pyproject.toml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_the_project_keeps_its_import_contracts() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def empty_house(tmp_path: Path) -> Path:
    """Two services with all their rooms, and what they share, as packages with nothing in them."""
    rooms = [f"services/{service}/{room}" for service in ("orders", "gateway") for room in ("service", "schemas", "application", "models", "domain")]
    for room in [*rooms, "shared/platform", "shared/contracts", "shared/kit", "tradelane"]:
        (tmp_path / room).mkdir(parents=True)
    for folder in list(tmp_path.glob("*/**/")):
        (folder / "__init__.py").touch()
    return tmp_path


def test_a_house_of_empty_rooms_breaks_no_contract(empty_house: Path) -> None:
    done = lint_imports(empty_house)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("services/orders/domain/rules.py", "import services.orders.models", "1."),
        ("services/orders/models/tables.py", "import services.orders.application", "1."),
        ("services/orders/application/handlers.py", "import services.orders.schemas", "1."),
        ("services/orders/schemas/shapes.py", "import services.orders.service", "1."),
        ("services/orders/attic.py", "", "1."),
        ("services/gateway/attic.py", "", "1."),
        ("services/orders/service/door.py", "import services.gateway.domain", "2."),
        ("services/gateway/service/door.py", "import services.orders.domain", "2."),
        ("services/orders/domain/rules.py", "import sqlalchemy", "3."),
        ("services/orders/domain/rules.py", "import shared.contracts", "3."),
        ("shared/kit/money.py", "import marshmallow", "3."),
        ("shared/contracts/orders.py", "import shared.platform", "4."),
        ("shared/kit/money.py", "import shared.contracts", "4."),
        ("shared/attic.py", "", "4."),
        ("shared/platform/rpc.py", "import services.orders.service", "5."),
        ("services/orders/service/door.py", "import tradelane", "5."),
    ],
)
def test_each_breach_breaks_its_contract(empty_house: Path, module: str, line: str, broken: str) -> None:
    (empty_house / module).write_text(f"{line}\n")
    done = lint_imports(empty_house)
    assert [result for result in done.stdout.splitlines() if result.startswith(broken) and result.endswith("BROKEN")], done.stdout
    assert done.returncode == 1
