import tomllib

from tflite_mammo.declared import names_of


def test_every_recipe_is_listed_with_its_first_line(call) -> None:
    lines = call("recipes").stdout.splitlines()
    assert [line.split()[0] for line in lines] == names_of("recipes")
    assert all(len(line.split()) > 4 for line in lines)


def test_a_recipe_is_printed_with_its_defaults(call) -> None:
    shown = tomllib.loads(call("recipes", "resnet50-u60").stdout)
    assert shown["stages"][0]["unfreeze"] == "60%"
    assert shown["augment"]["rotation_degrees"] == 0.0  # not in the file


def test_an_unknown_recipe_names_the_known_ones(call) -> None:
    call("recipes", "resnet").assert_clean_error("no recipe is called 'resnet'", "resnet50-u60")
