"""The tool's side of GradBench's protocol; its programs beside SciPy, formulas and differences.

GradBench's own evals validate all beside derivatives by hand: `python -m tests.gradbench.run`.
"""

import functools
import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, wishart

from tests.gradbench import programs
from tests.gradbench.__main__ import serve

RUNS = {"min_runs": 2, "min_seconds": 0}
RNG = np.random.default_rng(7)


def asked(module, function, **fields):
    """The output of one function."""
    message = {"id": 0, "kind": "evaluate", "module": module, "function": function}
    (line,) = serve(iter([json.dumps({**message, "input": {**fields, **RUNS}})]))
    answer = json.loads(line)
    assert answer["success"], answer.get("error")
    assert len(answer["timings"]) >= 2
    return answer["output"]


def test_a_session():
    messages = [
        {"id": 0, "kind": "start", "eval": "hello"},
        {"id": 1, "kind": "define", "module": "hello"},
        {"id": 2, "kind": "evaluate", "module": "hello", "function": "double", "input": 3.0},
        {"id": 3, "kind": "analysis", "of": 2, "valid": True},
        {"id": 4, "kind": "define", "module": "another"},
        {"id": 5, "kind": "evaluate", "module": "hello", "function": "another", "input": 3.0},
    ]
    answers = [json.loads(line) for line in serve(map(json.dumps, messages))]
    assert [each["id"] for each in answers] == list(range(6))
    assert answers[1]["success"]
    assert answers[2]["output"] == 6.0
    assert [set(each) for each in answers[2]["timings"]] == [{"name", "nanoseconds"}]
    assert answers[3] == {"id": 3}
    assert not answers[4]["success"]
    assert not answers[5]["success"]
    assert "another" in answers[5]["error"]


def test_logarithm_of_a_sum_of_exponentials():
    x = RNG.normal(size=9) * 300
    assert asked("lse", "primal", x=x.tolist()) == pytest.approx(logsumexp(x), rel=1e-14)
    softmax = np.exp(x - logsumexp(x))
    np.testing.assert_allclose(asked("lse", "gradient", x=x.tolist()), softmax, rtol=1e-12)


def test_least_squares():
    x, n = RNG.normal(size=4), 11
    times = np.linspace(-1, 1, n)
    residual = np.polynomial.polynomial.polyval(times, x) - np.sign(times)
    gradient = [residual @ times**power for power in range(4)]
    found = asked("llsq", "primal", x=x.tolist(), n=n)
    assert found == pytest.approx(residual @ residual / 2, rel=1e-12)
    found = asked("llsq", "gradient", x=x.tolist(), n=n)
    np.testing.assert_allclose(found, gradient, rtol=1e-11, atol=1e-13)


def test_a_chain_of_equations():
    # The solution's component i is the product of x up to i, times 2**(i + 1)/(i + 1)!; four of
    # them are polynomials that the method integrates exactly.
    x = RNG.uniform(1, 2, 4)
    product = np.prod(x) * 2**4 / 24
    assert asked("ode", "primal", x=x.tolist(), s=3)[3] == pytest.approx(product, rel=1e-13)
    found = asked("ode", "gradient", x=x.tolist(), s=3)
    np.testing.assert_allclose(found, product / x, rtol=1e-12)


def test_a_step_of_newton_ends_in_the_mean_of_each_cluster():
    points = RNG.normal(size=(30, 2))
    centers = points[:3]
    nearest = np.argmin(np.sum((points[:, None] - centers) ** 2, axis=2), axis=1)
    step = asked("kmeans", "dir", points=points.tolist(), centroids=centers.tolist())
    means = [points[nearest == cluster].mean(axis=0) for cluster in range(3)]
    np.testing.assert_allclose(centers - step, means, rtol=1e-10, atol=1e-12)


def test_a_determinant():
    matrix = RNG.normal(size=(5, 5))
    flat = matrix.ravel().tolist()
    found = asked("det", "primal", A=flat, ell=5)
    assert found == pytest.approx(np.linalg.det(matrix), rel=1e-12)
    cofactors = np.linalg.det(matrix) * np.linalg.inv(matrix).T
    found = asked("det", "gradient", A=flat, ell=5)
    np.testing.assert_allclose(found, cofactors.ravel(), rtol=1e-10)


def test_a_mixture_of_normal_distributions():
    d, k, n, m, gamma = 2, 3, 5, 1, 0.8
    x, mu, q = RNG.normal(size=(n, d)), RNG.normal(size=(k, d)), RNG.normal(size=(k, d)) / 2
    alpha, below = RNG.normal(size=k), RNG.normal(size=(k, 1))
    fields = {"d": d, "k": k, "n": n, "m": m, "gamma": gamma}
    named = {"x": x, "alpha": alpha, "mu": mu, "q": q, "l": below}
    fields |= {name: value.tolist() for name, value in named.items()}
    factors = [
        np.array([[np.exp(a), 0], [c[0], np.exp(b)]]) for (a, b), c in zip(q, below, strict=True)
    ]
    precisions = [factor.T @ factor for factor in factors]
    shares = np.exp(alpha) / np.sum(np.exp(alpha))
    densities = sum(
        share * multivariate_normal(mean, np.linalg.inv(precision)).pdf(x)
        for share, mean, precision in zip(shares, mu, precisions, strict=True)
    )
    prior = sum(wishart(d + m + 1, np.eye(d) / gamma**2).logpdf(each) for each in precisions)
    expected = np.sum(np.log(densities)) + prior
    assert asked("gmm", "objective", **fields) == pytest.approx(expected, rel=1e-10)
    gradient = asked("gmm", "jacobian", **fields)
    step = 1e-6
    beside = [
        asked("gmm", "objective", **{**fields, "alpha": (alpha + h).tolist()})
        for h in (np.array([step, 0, 0]), np.array([-step, 0, 0]))
    ]
    assert gradient["alpha"][0] == pytest.approx((beside[0] - beside[1]) / (2 * step), rel=1e-6)
    assert np.shape(gradient["l"]) == (k, 1)


def test_a_network():
    bits, letters = 3, 4
    fields = {
        "main_params": RNG.random((4, 4 * bits)),
        "extra_params": RNG.random((3, bits)),
        "state": RNG.random((4, bits)),
        "sequence": np.round(RNG.random((letters, bits))),
    }
    fields = {name: value.tolist() for name, value in fields.items()}

    def objective(flat):
        main, extra = np.split(flat, [16 * bits])
        main, extra = main.reshape(4, -1), extra.reshape(3, -1)
        return programs.loss(main, extra, *programs.network(fields)[2:])

    flat = np.concatenate([np.ravel(fields["main_params"]), np.ravel(fields["extra_params"])])
    assert asked("lstm", "objective", **fields) == pytest.approx(objective(flat))
    found = asked("lstm", "jacobian", **fields)
    np.testing.assert_allclose(found, approx_fprime(flat, objective), rtol=1e-4, atol=1e-6)


def test_bundle_adjustment():
    n, m, p = 2, 3, 4
    camera, point, feature = RNG.normal(size=11), RNG.normal(size=3) + 4, RNG.normal(size=2)
    weight = 0.7
    fields = {
        "n": n,
        "m": m,
        "p": p,
        "cam": camera.tolist(),
        "x": point.tolist(),
        "w": weight,
        "feat": feature.tolist(),
    }

    def missed(by):
        return programs.reprojection(by[:11, None], by[11:14, None], by[14:], feature[:, None])[
            :, 0
        ]

    by = np.concatenate([camera, point, [weight]])
    objective = asked("ba", "objective", **fields)
    np.testing.assert_allclose(objective["reproj_error"]["elements"], missed(by), rtol=1e-12)
    assert objective["w_err"] == {"element": pytest.approx(1 - weight**2), "repeated": p}
    jacobian = asked("ba", "jacobian", **fields)
    step = 1e-6 * np.eye(15)
    differences = [(missed(by + h) - missed(by - h)) / 2e-6 for h in step]
    np.testing.assert_allclose(
        jacobian["vals"][:30], np.ravel(np.transpose(differences)), rtol=1e-5, atol=1e-6
    )
    assert jacobian["vals"][30] == -2 * weight
    assert jacobian["rows"][:4] == [0, 15, 30, 45]
    assert jacobian["cols"][:15] == [*range(11), 22, 23, 24, 31]
    assert jacobian["cols"][30] == 22 + 9 + p - 1


def test_rotations_are_right():
    axis = np.array([0.3, -1.1, 0.7])
    unit, angle = axis / np.linalg.norm(axis), np.linalg.norm(axis)
    values = np.linalg.eigvals(programs.about(axis))
    assert np.angle(values).max() == pytest.approx(angle)
    np.testing.assert_allclose(programs.about(axis) @ unit, unit, atol=1e-14)
    np.testing.assert_allclose(
        programs.rotated(axis[:, None], np.eye(3)), programs.about(axis), atol=1e-14
    )
    (turn,) = programs.euler(np.array([[0.2, 0.5, -0.4]]))
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-14)
    assert np.arctan2(turn[1, 0], turn[0, 0]) == pytest.approx(0.5)
    assert np.arctan2(turn[2, 1], turn[2, 2]) == pytest.approx(0.2)


def test_a_derivative_within_what_is_differentiated():
    # In steps this long the particle needs few of them; the force is written out here.
    def expected(w):
        x, speed = np.array([0.0, 8.0]), np.array([0.75, 0.0])
        charges = np.array([[10.0, 10.0 - w], [10.0, 0.0]])
        while (x + 2 * speed)[1] > 0:
            apart = x - charges
            force = np.sum(apart / np.linalg.norm(apart, axis=1, keepdims=True) ** 3, axis=0)
            x, speed = x + 2 * speed, speed + 2 * force
        return (x - x[1] / speed[1] * speed)[0] ** 2

    slope = (expected(0.3 + 1e-6) - expected(0.3 - 1e-6)) / 2e-6
    w = np.array([0.3])
    assert programs.missed_by(w, "r", 2.0) == pytest.approx(expected(0.3), rel=1e-12)
    for outer, inner in itertools.product(programs.MODES, repeat=2):
        gradient = programs.MODES[outer](functools.partial(programs.missed_by, inner=inner, dt=2.0))
        np.testing.assert_allclose(gradient(w), slope, rtol=1e-6)


EVAL = """
import json, sys

def say(**message):
    print(json.dumps(message), flush=True)
    return json.loads(sys.stdin.readline())

say(id=0, kind="start", eval="hello")
say(id=1, kind="define", module="hello")
for id, (function, right) in enumerate([("square", 9.0), ("double", {right})], start=2):
    answer = say(id=id, kind="evaluate", module="hello", function=function, input=3.0)
    say(id=10 * id, kind="analysis", of=id, valid=answer["output"] == right)
"""


@pytest.mark.parametrize(("right", "code", "says"), [(6.0, 0, "yes"), (7.0, 1, "NO")])
def test_the_table_s_command_fails_where_an_answer_is_wrong(tmp_path, right, code, says):
    folder = tmp_path / "python" / "gradbench" / "gradbench" / "evals" / "hello"
    folder.mkdir(parents=True)
    (folder / "run.py").write_text(EVAL.replace("{right}", str(right)), encoding="utf-8")
    command = [sys.executable, "-m", "tests.gradbench.run", "--checkout", str(tmp_path), "hello"]
    done = subprocess.run([*command, "--peers"], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert [line.split(" | ")[1:4:2] for line in done.stdout.splitlines()[2:]] == [
        ["square", "yes"],
        ["double", says],
    ]
