"""Fourier transforms against sums written out; the rules themselves are in test_rules."""

import numpy as np
import pytest

import tapenb as tn

X = np.random.default_rng(8).standard_normal(7)
Z = X[:4] + 1j * np.array([0.3, -1.2, 0.7, 2.1])


def waves(n, sign):
    return np.exp(sign * 2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n)


def test_the_jacobian_of_a_transform_is_its_matrix():
    """Transposed without conjugation, as everything complex is."""
    for transform, matrix in ((np.fft.fft, waves(4, -1)), (np.fft.ifft, waves(4, 1) / 4)):
        for weights in (np.eye(4), 1j * np.eye(4)):
            _, pullback = tn.vjp(transform, Z)
            ours = np.array([pullback(row)[0] for row in weights.astype(complex)])
            np.testing.assert_allclose(ours, weights @ matrix, atol=1e-14)


@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
@pytest.mark.parametrize("n", [1, 2, 5, 7, 8, 12])
def test_energy_by_parseval_s_theorem(n, norm):
    scale = {"backward": n, "ortho": 1.0, "forward": 1.0 / n}[norm]
    padded = np.pad(X, (0, max(0, n - 7)))[:n]

    def energy(x):
        return np.sum(np.abs(np.fft.fft(x, n, norm=norm)) ** 2)

    expected = np.zeros(7)
    expected[: min(n, 7)] = 2 * scale * padded[:7]
    np.testing.assert_allclose(tn.grad(energy)(X), expected, atol=1e-12)


@pytest.mark.parametrize("n", [4, 5])
def test_a_transform_and_its_inverse_do_nothing(n):
    def there_and_back(x):
        return np.fft.irfft(np.fft.rfft(x), n)

    np.testing.assert_allclose(tn.jacobian(there_and_back)(X[:n]), np.eye(n), atol=1e-15)


def test_the_last_frequency_of_an_even_length_counts_once():
    jacobian = tn.jacobian(lambda x: np.fft.irfft(x, 4))(np.array([1.0, 2.0, 3.0]))
    columns = [[1, 1, 1, 1], [2, 0, -2, 0], [1, -1, 1, -1]]
    np.testing.assert_allclose(jacobian, np.transpose(columns) / 4, atol=1e-16)


def test_convolution_by_transforms_is_convolution():
    kernel = np.array([0.5, -1.0, 0.25])

    def fast(x):
        spectrum = np.fft.rfft(x, 9) * np.fft.rfft(kernel, 9)
        return np.sum(np.fft.irfft(spectrum, 9) ** 3)

    def slow(x):
        return np.sum(np.convolve(x, kernel) ** 3)

    conv = np.convolve(X, kernel)
    expected = [np.sum(3 * conv[i : i + 3] ** 2 * kernel) for i in range(7)]
    np.testing.assert_allclose(tn.grad(fast)(X), expected, rtol=1e-12)
    assert fast(X) == pytest.approx(slow(X))


def test_single_precision_stays_single():
    ours = tn.grad(lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2))(X.astype(np.float32))
    assert ours.dtype == np.float32
    assert tn.vjp(np.fft.fft, Z.astype(np.complex64))[1](Z.astype(np.complex64))[0].dtype == (
        np.complex64
    )


def test_frequencies_scale_with_their_spacing():
    """``fftfreq`` divides by it, so that it is differentiable without a rule."""
    ours = tn.grad(lambda d: np.fft.fftfreq(4, d)[1])(0.5)
    assert ours == pytest.approx(-1.0)
