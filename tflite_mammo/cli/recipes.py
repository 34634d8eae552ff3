"""tflite-mammo recipes"""

import click

from tflite_mammo.cli._shared import list_declared


@click.command("recipes")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the recipes, or print one with every default

    Example: tflite-mammo recipes resnet50-u60
    """
    if name is None:
        list_declared("recipes")
        return
    from tflite_mammo.training.recipe import read_recipe, recipe_toml

    click.echo(recipe_toml(read_recipe(name)), nl=False)
