import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.schema import differences, from_dict, read_json, read_toml, to_dict, to_json


@dataclass(frozen=True)
class Inner:
    epochs: int
    learning_rate: float = 0.5

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"epochs {self.epochs}; expected 1 or more")


@dataclass(frozen=True)
class Outer:
    name: str
    fit: Literal["letterbox", "stretch"] = "letterbox"
    inner: Inner = field(default_factory=lambda: Inner(1))
    stages: tuple[Inner, ...] = ()
    box: tuple[int, int] = (0, 0)
    counts: dict[str, int] = field(default_factory=dict)
    note: str | None = None
    shuffle: bool = False
    free: Any = None


FULL = Outer("é", "stretch", Inner(3, 0.25), (Inner(1), Inner(2, 1e-5)), (4, 5), {"train": 7}, "n", True, [1, "a"])


def read(**data: object) -> Outer:
    return from_dict(Outer, {"name": "x", **data}, "a.toml")


def test_a_dataclass_comes_back_from_its_plain_values() -> None:
    assert from_dict(Outer, to_dict(FULL), "a.json") == FULL


def test_a_dataclass_comes_back_from_its_json(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(to_json(FULL), encoding="utf-8")
    assert read_json(Outer, path) == FULL


def test_what_is_not_written_has_its_default() -> None:
    assert read() == Outer("x")


def test_a_none_is_left_out_of_the_plain_values() -> None:
    assert "note" not in to_dict(Outer("x"))
    assert to_dict({"kept": [None, (1, 2)]}) == {"kept": [None, [1, 2]]}


def test_json_keeps_letters_readable_and_ends_with_a_newline() -> None:
    assert '"name": "é"' in to_json(FULL)
    assert to_json(FULL).endswith("}\n")


def test_json_refuses_what_is_not_a_number() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"auc": float("nan")})


def test_an_unknown_key_is_answered_with_the_nearest_known_one() -> None:
    with pytest.raises(MammoError, match=r"^a.toml: unknown key 'nmae'; did you mean 'name'\?$"):
        read(nmae="y")


def test_a_short_form_is_answered_by_its_initials() -> None:
    with pytest.raises(MammoError, match=r"a.toml: inner: unknown key 'lr'; did you mean 'learning_rate'\?"):
        read(inner={"epochs": 1, "lr": 0.1})


def test_a_key_like_no_other_is_answered_with_all_of_them() -> None:
    with pytest.raises(MammoError, match="unknown key 'zzz'; expected one of: epochs, learning_rate"):
        read(inner={"epochs": 1, "zzz": 0.1})


def test_a_missing_key_is_named() -> None:
    with pytest.raises(MammoError, match=r"a.toml: inner: the key 'epochs' is missing; add it"):
        read(inner={})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": 3}, "name: found 3, expected text"),
        ({"shuffle": 1}, "shuffle: found 1, expected true or false"),
        ({"inner": {"epochs": True}}, "inner: epochs: found True, expected a whole number"),
        ({"inner": {"epochs": 1.5}}, "inner: epochs: found 1.5, expected a whole number"),
        ({"inner": {"epochs": 1, "learning_rate": "fast"}}, "inner: learning_rate: found 'fast', expected a number"),
        ({"inner": {"epochs": 1, "learning_rate": True}}, "inner: learning_rate: found True, expected a number"),
        ({"inner": 3}, "inner: found 3, expected a table of settings"),
        ({"inner": []}, "inner: found a list, expected a table of settings"),
        ({"stages": {}}, "stages: found a table, expected a list"),
        ({"stages": [{"epochs": 1}, {}]}, r"stages\[1\]: the key 'epochs' is missing"),
        ({"box": [1]}, "box: found 1 values, expected 2"),
        ({"box": [1, "b"]}, r"box\[1\]: found 'b', expected a whole number"),
        ({"counts": [1]}, "counts: found a list, expected a table"),
        ({"counts": {"train": "many"}}, "counts: train: found 'many', expected a whole number"),
        ({"note": 3}, "note: found 3, expected text"),
        ({"fit": "strech"}, r"fit: found 'strech'; did you mean 'stretch'\?"),
        ({"fit": 3}, "fit: found 3; expected one of: letterbox, stretch"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_its_place(settings: dict[str, object], message: str) -> None:
    with pytest.raises(MammoError, match=f"^a.toml: {message}"):
        read(**settings)


def test_a_whole_number_will_do_for_a_float() -> None:
    rate = read(inner={"epochs": 1, "learning_rate": 2}).inner.learning_rate
    assert rate == 2.0
    assert isinstance(rate, float)


def test_null_will_do_where_none_is_allowed() -> None:
    assert read(note=None).note is None


def test_a_types_own_rule_is_reported_with_the_place() -> None:
    with pytest.raises(MammoError, match=r"a.toml: inner: epochs 0; expected 1 or more"):
        read(inner={"epochs": 0})


def test_what_is_no_table_at_all_is_refused() -> None:
    with pytest.raises(MammoError, match=r"a.toml: found a list, expected a table of settings"):
        from_dict(Outer, [1, 2], "a.toml")


def test_toml_is_read_with_what_the_files_name_gives(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('fit = "stretch"\n[inner]\nepochs = 4\n', encoding="utf-8")
    assert read_toml(Outer, path, name=path.stem) == Outer("mine", "stretch", Inner(4))


def test_toml_may_not_hold_what_the_files_name_gives(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "yours"\n', encoding="utf-8")
    with pytest.raises(MammoError, match=r"mine.toml: the key 'name' is given by the file's name; take it out"):
        read_toml(Outer, path, name=path.stem)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"none.json: no such file"):
        read_json(Outer, tmp_path / "none.json")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"name": "x"} and more'])
def test_broken_json_is_named_with_the_reason(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(MammoError, match=r"a.json: cannot be read as json: .+"):
        read_json(Outer, tmp_path / "a.json")


@pytest.mark.parametrize("content", [b"name = ", b"\xff", b"[inner\n"])
def test_broken_toml_is_named_with_the_reason(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(MammoError, match=r"a.toml: cannot be read as toml: .+"):
        read_toml(Outer, tmp_path / "a.toml")


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match="cannot be read as text"):
        read_json(Outer, tmp_path)


def test_json_of_a_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([1]))
    with pytest.raises(MammoError, match="found a list, expected a table of settings"):
        read_json(Outer, tmp_path / "a.json")


@dataclass(frozen=True)
class Layer:
    size: int


@dataclass(frozen=True)
class Net:
    name: str
    layers: tuple[Layer, ...]
    extra: int | None


def test_two_of_a_kind_differ_in_named_settings_here_and_there() -> None:
    one = Net("a", (Layer(1), Layer(2)), None)
    other = Net("b", (Layer(1), Layer(3), Layer(4)), 5)
    assert differences(one, one) == []
    assert differences(one, other) == [
        "name a against b",
        "layers[2].size 2 against 3",
        "layers[3].size not set against 4",
        "extra not set against 5",
    ]
