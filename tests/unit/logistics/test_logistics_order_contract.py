"""What is sent to ship online, field by field: wrong values are refused by name before anything is asked of anybody."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from shared.contracts.logistics_orders import CreateLogisticsOrder, ReportUndeliverable, ScanParcel, TellDomesticWaybill, WeighParcel
from shared.contracts.validation import load
from shared.kit.errors import Invalid
from tests.unit.logistics import sample

ID = "01900000-0000-7000-8000-000000000000"
PACKAGE = {"count": 1, "length_cm": "30", "width_cm": "20", "height_cm": "10", "weight_kg": "2.5"}
SENDER = {"name": "Li Na", "street": "7 Fuhua Road", "city": "Shenzhen", "postal_code": "518000", "country": "CN"}
BOOKING = {
    "id": ID,
    "packages": [PACKAGE | {"kind": "carton"}],
    "special_goods": ["battery"],
    "packing_check_list": sample.shipping_form()["packing_check_list"],
    "collection": {"way": "drop_off", "address": SENDER, "domestic_waybill": "SF 1"},
    "if_undeliverable": "destroy",
}
RIGHT: dict[Any, dict[str, Any]] = {
    CreateLogisticsOrder: BOOKING,
    TellDomesticWaybill: {"id": ID, "domestic_waybill": "SF 1"},
    ScanParcel: {"waybill_number": "CP000000014CN"},
    WeighParcel: {"id": ID, "packages": [PACKAGE]},
    ReportUndeliverable: {"waybill_number": "CP000000014CN", "reason": "refused"},
}
MISSING = object()
REQUIRED = "Missing data for required field."

WRONG = [
    (CreateLogisticsOrder, "packages", MISSING, REQUIRED),
    (CreateLogisticsOrder, "packages", [], "Length must be"),
    (CreateLogisticsOrder, "packages.0.kind", MISSING, REQUIRED),
    (CreateLogisticsOrder, "packages.0.count", 0, "Must be greater than or equal to 1"),
    (CreateLogisticsOrder, "packages.0.count", 1.5, "Not a valid integer."),
    (CreateLogisticsOrder, "packages.0.weight_kg", "0", "Must be greater than 0"),
    (CreateLogisticsOrder, "packages.0.weight_kg", "2.5001", "At most three decimals."),
    (CreateLogisticsOrder, "packages.0.length_cm", "NaN", "Special numeric values"),
    (CreateLogisticsOrder, "packages.0.colour", "brown", "Unknown field."),
    (CreateLogisticsOrder, "special_goods", ["radioactive"], "Must be one of: battery, liquid, cosmetics, powder, magnetic."),
    (CreateLogisticsOrder, "special_goods", ["battery"] * 6, "Longer than maximum length 5."),
    (CreateLogisticsOrder, "packing_check_list", MISSING, REQUIRED),
    (CreateLogisticsOrder, "packing_check_list.shock_proof", MISSING, REQUIRED),
    (CreateLogisticsOrder, "packing_check_list.shock_proof", False, "Must be checked before shipping."),
    (CreateLogisticsOrder, "packing_check_list.shock_proof", "yes", "Not a valid boolean."),
    (CreateLogisticsOrder, "collection.way", "by balloon", "Must be one of: pickup, drop_off, arranged."),
    (CreateLogisticsOrder, "collection.address", MISSING, REQUIRED),
    (CreateLogisticsOrder, "collection.address.country", "China", "Not an ISO 3166-1 alpha-2 country code."),
    (CreateLogisticsOrder, "collection.domestic_waybill", "", "Length must be between 1 and 40."),
    (CreateLogisticsOrder, "collection.arranged_with", "Mr\aChen", "cannot be printed"),
    (CreateLogisticsOrder, "if_undeliverable", "sell", "Must be one of: return, destroy."),
    (CreateLogisticsOrder, "if_undeliverable", None, "Field may not be null."),
    (CreateLogisticsOrder, "channel", "dhl_express", "Unknown field."),
    (TellDomesticWaybill, "domestic_waybill", "x" * 41, "Length must be between 1 and 40."),
    (ScanParcel, "waybill_number", MISSING, REQUIRED),
    (ScanParcel, "waybill_number", 12, "Not a valid string."),
    (WeighParcel, "packages", [], "Length must be"),
    (WeighParcel, "packages.0.weight_kg", "heavy", "Not a valid number."),
    (WeighParcel, "packages.0.height_cm", "-1", "Must be greater than 0"),
    (ReportUndeliverable, "reason", "no idea", "Must be one of: address_wrong"),
    (ReportUndeliverable, "waybill_number", None, "Field may not be null."),
]


@pytest.mark.parametrize("shape", RIGHT, ids=lambda shape: shape.__name__)
def test_what_is_right_is_taken(shape: Any) -> None:
    load(shape(), RIGHT[shape])


@pytest.mark.parametrize(("shape", "field", "value", "said"), WRONG, ids=lambda each: getattr(each, "__name__", None))
def test_a_wrong_value_is_refused_by_name(shape: Any, field: str, value: Any, said: str) -> None:
    data: Any = deepcopy(RIGHT[shape])
    *above, last = (int(name) if name.isdigit() else name for name in field.split("."))
    part = data
    for name in above:
        part = part[name]
    if value is MISSING:
        del part[last]
    else:
        part[last] = value
    with pytest.raises(Invalid) as error:
        load(shape(), data)
    (named,) = error.value.errors
    assert named.startswith(field)
    assert said in error.value.errors[named][0]
