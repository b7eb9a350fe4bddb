"""The tree in the docstring of errors.py is that of its classes."""

import inspect
import re

from simpost import errors


def drawn():
    """Each class of the tree and its parent."""
    parents, path = {}, []
    for line in errors.__doc__.splitlines():
        if found := re.match(r"((?:│   |    )*)([├└]── )?([A-Z]\w+)(?:  |$)", line):
            depth = len(found[1]) // 4 + bool(found[2])
            path[depth:] = [found[3]]
            parents[found[3]] = path[depth - 1] if depth else "Exception"
    return parents


def test_the_tree_has_every_error_under_its_parent():
    classes = inspect.getmembers(errors, inspect.isclass)
    assert drawn() == {name: each.__base__.__name__ for name, each in classes}


def test_the_docstring_of_an_error_is_its_message():
    assert str(errors.UnknownStop()) == errors.UnknownStop.__doc__
    assert str(errors.UnknownStop("no such stop")) == "no such stop"
