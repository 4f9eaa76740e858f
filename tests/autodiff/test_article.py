"""The examples of Shankar, *Automatic Differentiation Using Gradient Tapes* (2020): its figures.

``tf.GradientTape``, ``tf.Variable`` and ``tf.constant`` are read as ``tn.``, functions as ``np.``.
"""

import numpy as np
import pytest

import tapenb as tn

X = np.array([8.0, 10.0, 6.0, 3.0, 7.0, 9.0, 13.0, 1.0, 0.0, 11.0])
Y = np.array([8.0, 12.0, 4.0, -2.0, 6.0, 10.0, 18.0, -6.0, -8.0, 14.0])

# Epoch: m, c, as printed.
TRAJECTORY = {
    0: (0.6082303524017334, 0.19983896613121033),
    100: (1.1402301788330078, -0.1361609399318695),
    200: (1.1762301921844482, -0.532161295413971),
    300: (1.2302302122116089, -0.9261620044708252),
    400: (1.2662302255630493, -1.3221579790115356),
    500: (1.3022302389144897, -1.7181528806686401),
    600: (1.3562302589416504, -2.1121480464935303),
    700: (1.3922302722930908, -2.508143186569214),
    800: (1.4462302923202515, -2.9021384716033936),
    900: (1.482230305671692, -3.298133611679077),
    1000: (1.5362303256988525, -3.692128896713257),
    1100: (1.572230339050293, -4.08812952041626),
    1200: (1.6262303590774536, -4.482147216796875),
    1300: (1.662230372428894, -4.878165245056152),
    1400: (1.6982303857803345, -5.27418327331543),
    1500: (1.7522304058074951, -5.668200969696045),
    1600: (1.7882304191589355, -6.064218997955322),
    1700: (1.8402304649353027, -6.458236217498779),
    1800: (1.884230613708496, -6.8522515296936035),
    1900: (1.9182307720184326, -7.246265888214111),
    1999: (1.9022306203842163, -7.554266452789307),
}


def test_derivative_of_a_cube():
    def derivative(value):
        x = tn.Variable([[value]])
        with tn.GradientTape() as tape:
            loss = x * x * x
        return tape.gradient(loss, x)

    derive_1 = derivative(1.0)
    derive_3 = derivative(3.0)
    assert f"f'(𝑥=1) = {derive_1.numpy()}" == "f'(𝑥=1) = [[3.]]"
    assert f"f'(𝑥=3) = {derive_3.numpy()}" == "f'(𝑥=3) = [[27.]]"


def test_derivative_for_a_matrix():
    x = tn.constant(np.ones((2, 2), np.float32))
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = np.sum(x)
        z = np.square(y)
    dz_dx = tape.gradient(z, x)
    assert dz_dx.shape == (2, 2)
    assert dz_dx.dtype == np.float32
    assert repr(dz_dx.numpy()) == repr(np.full((2, 2), 8.0, np.float32))


def test_two_derivatives_of_a_polynomial_from_a_persistent_tape():
    x = tn.constant(3.0)
    with tn.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x**2
        z = y**2
    dz_dx = tape.gradient(z, x)
    dy_dx = tape.gradient(y, x)
    assert f"∂𝑧/∂𝑥: {dz_dx}, ∂𝑦/∂𝑥: {dy_dx}" == "∂𝑧/∂𝑥: 108.0, ∂𝑦/∂𝑥: 6.0"


def test_derivative_of_a_derivative():
    def derivative_of_derivative(x):
        x = tn.Variable(x, dtype=np.float32)
        with tn.GradientTape() as tape_2:
            with tn.GradientTape() as tape_1:
                y = x**3
            dy_dx = tape_1.gradient(y, x)
        d2y_dx2 = tape_2.gradient(dy_dx, x)
        return dy_dx, d2y_dx2

    dy_dx, d2y_dx2 = derivative_of_derivative(1)
    line = f"x=1 -- ∂𝑦/∂𝑥: {dy_dx}, ∂2𝑦∂𝑥2: {d2y_dx2}"
    assert line == "x=1 -- ∂𝑦/∂𝑥: 3.0, ∂2𝑦∂𝑥2: 6.0"
    dy_dx, d2y_dx2 = derivative_of_derivative(5)
    line = f"x=5 -- ∂𝑦/∂𝑥: {dy_dx}, ∂2𝑦∂𝑥2: {d2y_dx2}"
    assert line == "x=5 -- ∂𝑦/∂𝑥: 75.0, ∂2𝑦∂𝑥2: 30.0"
    assert dy_dx.dtype == d2y_dx2.dtype == np.float32


def fit(m, c, x, y):
    """The article's, with |y - ŷ| for its loss function."""
    with tn.GradientTape(persistent=True) as tape:
        y_hat = m * x + c
        loss = np.abs(y - y_hat)
    m_gradient = tape.gradient(loss, m)
    c_gradient = tape.gradient(loss, c)
    m.assign_sub(m_gradient * 0.001)
    c.assign_sub(c_gradient * 0.001)


def test_the_data_are_of_the_line():
    np.testing.assert_array_equal(Y, 2 * X - 8)


def test_the_first_steps_by_hand():
    """The gradients are sums of signs, and of signs times x."""
    m, c = (tn.Variable(value) for value in TRAJECTORY[0])
    slope, intercept = TRAJECTORY[0]
    for _ in range(50):
        residuals = Y - (slope * X + intercept)
        slope += 0.001 * np.sum(np.sign(residuals) * X)
        intercept += 0.001 * np.sum(np.sign(residuals))
        fit(m, c, X, Y)
        assert m.numpy() == pytest.approx(slope, abs=1e-12)
        assert c.numpy() == pytest.approx(intercept, abs=1e-12)


def test_finding_the_unknown_equation():
    """Continued in single precision from the state that the article printed after its first epoch.

    Its random start is not known. From there on every printed number is ours to the last digit:
    the sums of signs are exact, and each step rounds once.
    """
    x, y = X.astype(np.float32), Y.astype(np.float32)
    m, c = (tn.Variable(value, dtype=np.float32) for value in TRAJECTORY[0])
    for epoch in range(1, 2000):
        fit(m, c, x, y)
        if epoch in TRAJECTORY:
            slope, intercept = TRAJECTORY[epoch]
            assert m.dtype == c.dtype == np.float32
            assert (float(m.numpy()), float(c.numpy())) == (slope, intercept), epoch
