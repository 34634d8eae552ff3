"""The published tables of TFLite metadata, as far as a classifier of images needs them: plain values to bytes and back.

A table is a dictionary, a list a list; a union is a dictionary of one key, which says what it is.
"""

from collections.abc import Mapping
from typing import Any

IDENTIFIER = b"M001"
ROOT = "ModelMetadata"
TABLES: dict[str, dict[str, str]] = {
    "ModelMetadata": {
        "name": "text",
        "description": "text",
        "version": "text",
        "subgraph_metadata": "[SubGraphMetadata]",
        "author": "text",
        "license": "text",
        "associated_files": "[AssociatedFile]",
        "min_parser_version": "text",
    },
    "SubGraphMetadata": {
        "name": "text",
        "description": "text",
        "input_tensor_metadata": "[TensorMetadata]",
        "output_tensor_metadata": "[TensorMetadata]",
    },
    "TensorMetadata": {
        "name": "text",
        "description": "text",
        "dimension_names": "[text]",
        "content": "Content",
        "process_units": "[ProcessUnit]",
        "stats": "Stats",
        "associated_files": "[AssociatedFile]",
    },
    "Content": {"content_properties": "FeatureProperties|ImageProperties"},
    "FeatureProperties": {},
    "ImageProperties": {"color_space": "byte"},
    "ProcessUnit": {"options": "NormalizationOptions"},
    "NormalizationOptions": {"mean": "[float]", "std": "[float]"},
    "Stats": {"max": "[float]", "min": "[float]"},
    "AssociatedFile": {"name": "text", "description": "text", "type": "byte"},
}
"""Per table its fields in the order of the schema, which is what numbers them."""
UNIONS = ("content_properties", "options")
"""Take two numbers: one for what it is, one for the thing."""


def written(values: Mapping[str, Any]) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(_put(builder, ROOT, values), IDENTIFIER)
    return bytes(builder.Output())


def read(content: bytes) -> dict[str, Any]:
    from flatbuffers import encode, packer
    from flatbuffers.table import Table

    start: int = encode.Get(packer.uoffset, content, 0)
    values: dict[str, Any] = _table(Table(content, start), ROOT)
    return values


def _slots(table: str) -> list[tuple[int, str, str]]:
    """The number, name and kind of every field."""
    slots, number = [], 0
    for name, kind in TABLES[table].items():
        slots.append((number, name, kind))
        number += 2 if name in UNIONS else 1
    return slots


def _put(builder: Any, kind: str, value: Any) -> int:
    """Where it was written to; in a flatbuffer what is pointed to comes before what points."""
    if kind == "text":
        return int(builder.CreateString(value))
    if kind == "[float]":
        builder.StartVector(4, len(value), 4)
        for number in reversed(value):
            builder.PrependFloat32(number)
        return int(builder.EndVector())
    if kind.startswith("["):
        places = [_put(builder, kind[1:-1], item) for item in value]
        builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            builder.PrependUOffsetTRelative(place)
        return int(builder.EndVector())
    return _put_table(builder, kind, value)


def _put_table(builder: Any, table: str, values: Mapping[str, Any]) -> int:
    if unknown := set(values) - set(TABLES[table]):
        raise KeyError(f"{table}: {', '.join(unknown)}")
    bytes_at: dict[int, int] = {}
    places: dict[int, int] = {}
    for slot, name, kind in _slots(table):
        if name not in values:
            continue
        if name in UNIONS:
            ((chosen, inner),) = values[name].items()
            bytes_at[slot] = kind.split("|").index(chosen) + 1
            places[slot + 1] = _put(builder, chosen, inner)
        elif kind == "byte":
            bytes_at[slot] = values[name]
        else:
            places[slot] = _put(builder, kind, values[name])
    builder.StartObject(len(TABLES[table]) + len(set(UNIONS) & set(TABLES[table])))
    for slot, number in bytes_at.items():
        builder.PrependUint8Slot(slot, number, 0)
    for slot, place in places.items():
        builder.PrependUOffsetTRelativeSlot(slot, place, 0)
    return int(builder.EndObject())


def _table(table: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for slot, field, kind in _slots(name):
        at = table.Offset(4 + 2 * (slot + (field in UNIONS)))
        if not at:
            continue
        if field in UNIONS:
            chosen = kind.split("|")[_byte(table, slot) - 1]
            found[field] = {chosen: _item(table, table.Pos + at, chosen)}
        elif kind == "byte":
            found[field] = _byte(table, slot)
        elif kind.startswith("["):
            start = table.Vector(at)
            found[field] = [_item(table, start + 4 * i, kind[1:-1]) for i in range(table.VectorLen(at))]
        else:
            found[field] = _item(table, table.Pos + at, kind)
    return found


def _byte(table: Any, slot: int) -> int:
    from flatbuffers.number_types import Uint8Flags

    return int(table.Get(Uint8Flags, table.Pos + table.Offset(4 + 2 * slot)))


def _item(table: Any, place: int, kind: str) -> Any:
    from flatbuffers.number_types import Float32Flags
    from flatbuffers.table import Table

    if kind == "text":
        return table.String(place).decode()
    if kind == "float":
        return float(table.Get(Float32Flags, place))
    return _table(Table(table.Bytes, table.Indirect(place)), kind)
