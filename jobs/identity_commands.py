"""``kith identity …``: the commands about who is who, gathered from the modules that hold them."""

import click

from jobs.identity_rules_command import check, import_


@click.group()
def identity() -> None:
    """Who is who: check and import the rules."""


identity.add_command(check)
identity.add_command(import_)
