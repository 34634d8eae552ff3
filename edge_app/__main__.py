"""python -m edge_app: the same as the command edge_app."""

from edge_app.cli import main

if __name__ == "__main__":
    main(prog_name="edge_app")
