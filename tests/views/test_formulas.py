"""Operations as they are written: by NumPy's signs only where they are NumPy's."""

import numpy as np
import pytest

import tapenb as tn


@pytest.mark.parametrize("name", ["add", "power", "sum", "negative", "square", "getitem", "build"])
def test_a_function_of_the_user_s_is_written_as_a_call(name):
    def own(x, y):
        return x * y, lambda adjoint: (adjoint * y, adjoint * x)

    own.__name__ = own.__qualname__ = name
    own = tn.custom_gradient(own)
    tape = tn.record(lambda x: own(x, 2.0), 1.5)
    assert f"{name}(v₀, 2)" in str(tape.table())
    assert rf"\operatorname{{{name}}}\left(v_{{0}}, 2\right)" in str(tape.latex())


def test_numpy_s_are_written_by_their_signs():
    tape = tn.record(lambda x: np.add(np.square(x), np.negative(x)), 1.5)
    text = str(tape.table())
    assert "v₁ + v₂" in text
    assert "-v₀" in text
