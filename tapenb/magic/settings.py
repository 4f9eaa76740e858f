"""Settings of the process and of libraries, as they are now, to be put back."""

from __future__ import annotations

import gc
import io
import logging
import os
import random
import sys
import warnings
from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from ..autodiff.reach import is_users
from ..autodiff.tape.provenance import is_foreign_module


def settings(named: Collection[str] = (), *, exactly: bool = True) -> Callable[[], None]:
    """Note the environment, random state, warnings, logging and printing as they are now.

    Parameters
    ----------
    named
        Attributes of the shell that are put back, too.
    exactly
        Whether nothing else happens until then. Else code runs again that may have made a logger.

    Returns
    -------
    callable
        Puts them back; can be called twice.
    """
    kept = [*_of_process(), *_of_loggers(anew=not exactly)]
    kept += [_of_attribute(sys, name) for name in _OF_SYS]
    pairs = list(_PAIRS)
    for module, get, put in _BY_FUNCTIONS:
        if hasattr(sys.modules.get(module), put):
            pairs.append((getattr(sys.modules[module], get), getattr(sys.modules[module], put)))
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        counted = {"execution_count"} if "run_cell" in named else set()
        kept += _of_shell(ipython.get_ipython(), counted.union(named))
    decimal = sys.modules.get("decimal")
    if decimal is not None:
        pairs.append((lambda: decimal.getcontext().copy(), lambda c: decimal.setcontext(c.copy())))
    locale = sys.modules.get("locale")
    if locale is not None:
        pairs.append((lambda: locale.setlocale(locale.LC_ALL), _set_locale))
    options = getattr(sys.modules.get("pandas._config.config"), "_global_config", None)
    kept += map(_of_dict, _nested(options))
    matplotlib = sys.modules.get("matplotlib")
    if hasattr(matplotlib, "rcParams"):
        # Without its checks, which warn of what is old.
        pairs.append((lambda: dict(dict.items(matplotlib.rcParams)), _set_parameters))
    values = [(value(), put) for value, put in pairs]

    def put_back() -> None:
        for value, put in values:
            put(value)
        for way_back in kept:
            way_back()

    return put_back


_PAIRS: tuple[tuple[Callable[[], Any], Callable[[Any], Any]], ...] = (
    (random.getstate, random.setstate),
    (np.random.get_state, np.random.set_state),
    (np.get_printoptions, lambda options: np.set_printoptions(**options)),
    (np.geterr, lambda kinds: np.seterr(**kinds)),
    (np.geterrcall, np.seterrcall),
    (np.getbufsize, np.setbufsize),
    (lambda: list(warnings.filters), lambda filters: _set_filters(filters)),
    (gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    (gc.get_threshold, lambda counts: gc.set_threshold(*counts)),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (sys.getswitchinterval, sys.setswitchinterval),
    (sys.getprofile, lambda function: sys.getprofile() is function or sys.setprofile(function)),
    (sys.gettrace, lambda function: sys.gettrace() is function or sys.settrace(function)),
    (sys.get_asyncgen_hooks, lambda hooks: sys.set_asyncgen_hooks(*hooks)),
    (sys.get_coroutine_origin_tracking_depth, sys.set_coroutine_origin_tracking_depth),
    (sys.get_int_max_str_digits, sys.set_int_max_str_digits),
)
"""How a setting is read, and put back."""
_OF_SYS = """
dont_write_bytecode excepthook ps1 ps2 pycache_prefix tracebacklimit unraisablehook
""".split()
_BY_FUNCTIONS = (
    ("csv", "field_size_limit", "field_size_limit"),
    ("socket", "getdefaulttimeout", "setdefaulttimeout"),
    ("threading", "getprofile", "setprofile"),
    ("threading", "gettrace", "settrace"),
)


def _of_process() -> list[Callable[[], None]]:
    lists, finders = (sys.path, sys.argv, gc.callbacks), (sys.meta_path, sys.path_hooks)
    return [_of_dict(os.environ), *map(_of_list, lists), *map(_of_finders, finders)]


def _of_attribute(owner: Any, name: str) -> Callable[[], None]:
    before = vars(owner).get(name, owner)

    def put_back() -> None:
        now = vars(owner).get(name, owner)
        if now is not before:
            delattr(owner, name) if before is owner else setattr(owner, name, before)

    return put_back


def _of_shell(shell: Any, named: AbstractSet[str]) -> list[Callable[[], None]]:
    """What users configure of it, and register with it."""
    formatters = list(shell.display_formatter.formatters.values())
    spaces = vars(shell), shell._trait_values
    before = [{name: space[name] for name in named & space.keys()} for space in spaces]

    def put_back() -> None:
        for space, kept in zip(spaces, before, strict=True):
            for name in named & space.keys() - kept.keys():
                del space[name]
            space.update(kept)

    lists = [
        shell.ast_transformers,
        shell.input_transformers_post,
        *shell.events.callbacks.values(),
    ]
    kept = [put_back, *map(_of_list, lists), *_of_traits(shell)]
    for each in formatters:
        kept += _of_traits(each)
        printers = each.type_printers, each.singleton_printers, each.deferred_printers
        kept += map(_of_dict, printers)
    magics = shell.magics_manager.magics.values()
    return [*kept, *(_of_dict(each, _is_loaded) for each in magics)]


def _is_loaded(magic: Any) -> bool:
    """Whether a magic is none that IPython loads where it is first called: once, for good."""
    return not hasattr(magic, "spec") and not isinstance(magic, str)


def _of_traits(owner: Any) -> list[Callable[[], None]]:
    """The numbers and texts that are configured."""

    def way_back(name: str, before: Any) -> Callable[[], None]:
        return lambda: getattr(owner, name) == before or setattr(owner, name, before)

    values = owner._trait_values
    plain = (bool, int, float, str)
    names = [name for name in owner.trait_names(config=True) if type(values.get(name)) in plain]
    return [way_back(name, values[name]) for name in names]


def _of_dict(owner: Any, counts: Callable[[Any], bool] = lambda _: True) -> Callable[[], None]:
    before = {key: value for key, value in owner.items() if counts(value)}
    others = owner.keys() - before.keys()

    def put_back() -> None:
        for key in owner.keys() - before.keys() - others:
            del owner[key]
        for key, value in before.items():
            if owner.get(key, owner) is not value and owner.get(key) != value:
                owner[key] = value

    return put_back


def _nested(owner: Any) -> list[dict[Any, Any]]:
    """A dictionary and all in it; none where it is no such."""
    if type(owner) is not dict:
        return []
    return [owner, *(inner for each in owner.values() for inner in _nested(each))]


def _of_list(owner: list[Any]) -> Callable[[], None]:
    before = list(owner)

    def put_back() -> None:
        if owner != before:
            owner[:] = before

    return put_back


def readable_handlers() -> list[logging.Handler]:
    """The handlers of logs that code can read: those that write to memory, and the user's own."""
    found = [each() for each in list(logging._handlerList)]
    return [
        each
        for each in found
        if each is not None
        and (
            is_users(each)
            or hasattr(each, "buffer")
            or type(getattr(each, "stream", None)) in (io.StringIO, io.BytesIO)
        )
    ]


def _loggers() -> list[logging.Logger]:
    found = logging.root.manager.loggerDict
    loggers = [found[name] for name in list(found)]
    return [each for each in loggers if isinstance(each, logging.Logger)]


def _of_finders(owner: list[Any]) -> Callable[[], None]:
    """Put back what finds modules, but leave there what a library has when it is imported."""
    before, loaded = list(owner), frozenset(sys.modules)

    def put_back() -> None:
        new = [each for each in owner if each not in before]
        homes = {id(each): getattr(each, "__module__", None) for each in new}
        kept = [e for e in new if (h := homes[id(e)]) not in loaded and is_foreign_module(h)]
        if owner != before + kept:
            owner[:] = before + kept

    return put_back


def _of_loggers(*, anew: bool) -> list[Callable[[], None]]:
    loggers = _loggers()
    known = set(loggers)
    states = [
        (each, each.level, each.disabled, each.propagate) for each in [*loggers, logging.root]
    ]

    def put_back() -> None:
        new = [each for each in _loggers() if each not in known] if anew else []
        for each in new:
            each.handlers.clear()
            each.filters.clear()
        for logger, level, disabled, propagate in [*states, *((e, 0, False, True) for e in new)]:
            if logger.level != level:
                logger.setLevel(level)
            logger.disabled, logger.propagate = disabled, propagate

    kept = [_of_dict(logging._levelToName), _of_dict(logging._nameToLevel)]
    held = [each.handlers for each in loggers] + [logging.root.handlers]
    filters = [each.filters for each in loggers] + [logging.root.filters]
    return [put_back, *kept, *map(_of_list, held), *map(_of_list, filters)]


def _set_filters(before: list[Any]) -> None:
    if list(warnings.filters) != before:
        warnings.filters[:] = before
        with warnings.catch_warnings():  # lets it be known that they are others
            pass


def _set_locale(before: str) -> None:
    import locale

    if locale.setlocale(locale.LC_ALL) != before:
        locale.setlocale(locale.LC_ALL, before)


def _set_parameters(before: dict[str, Any]) -> None:
    import matplotlib

    if dict(dict.items(matplotlib.rcParams)) != before:
        dict.clear(matplotlib.rcParams)
        dict.update(matplotlib.rcParams, before)
