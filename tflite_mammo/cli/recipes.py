"""tflite-mammo recipes"""

import click


@click.command("recipes")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the recipes, or print one with every default

    Example: tflite-mammo recipes resnet50-u60
    """
    from tflite_mammo.declared import find, names_of
    from tflite_mammo.training.recipe import read_recipe, recipe_toml

    if name:
        click.echo(recipe_toml(read_recipe(name)), nl=False)
        return
    names = names_of("recipes")
    width = max(len(known) for known in names)
    for known in names:
        first = find("recipes", known).read_text(encoding="utf-8").splitlines()[0]
        click.echo(f"{known:<{width}}  {first.removeprefix('#').strip()}")
